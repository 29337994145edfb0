from __future__ import annotations

from dataclasses import astuple

import numpy as np
import pytest

from mmbench.data.profile_interactions import estimate
from mmbench.errors import NotApplicable
from mmbench_datasets import interactions
from mmbench_datasets.interactions import INTERACTIONS, truth

RNG = np.random.default_rng(0)


def generated(name, noise, n=800):
    samples = getattr(interactions, f"load_{name}")(noise=noise, n=n)
    values = [samples.inputs[modality].astype(float) for modality in "ab"]
    return *values, samples.targets


@pytest.mark.parametrize("name", INTERACTIONS)
def test_known_interactions_are_found(name):
    found = estimate(*generated(name, noise=0.15), seed=0)
    assert astuple(found.value) == pytest.approx(tuple(truth(name).values()), abs=0.05)


@pytest.mark.parametrize("name", ["redundancy", "synergy"])
def test_noise_hides_information_and_makes_none(name):
    # At this noise about 0.06 bits of a synergy of 2 are lost to any method.
    found = estimate(*generated(name, noise=0.25, n=1600), seed=0)
    assert astuple(found.value) == pytest.approx(tuple(truth(name).values()), abs=0.1)
    assert sum(astuple(found.value)) < sum(truth(name).values())


@pytest.mark.parametrize("classes", [2, 10])
def test_noise_is_no_information(classes):
    # Counting would find more than a bit in 16 · 16 cells.
    targets = RNG.integers(0, classes, 600)
    found = estimate(RNG.normal(size=(600, 8)), RNG.normal(size=(600, 8)), targets, seed=0)
    assert astuple(found.value) == pytest.approx((0, 0, 0, 0), abs=0.02)


def test_the_entropy_is_that_of_the_targets():
    targets = np.repeat([3, 5, 9], [100, 50, 50])
    found = estimate(RNG.normal(size=(200, 2)), RNG.normal(size=(200, 2)), targets, seed=0)
    assert found.entropy == pytest.approx(1.5)
    assert found.samples == 200


def test_a_seed_gives_one_estimate_and_modalities_can_be_swapped():
    first, second, targets = generated("redundancy", noise=0.4, n=300)
    found, swapped = estimate(first, second, targets, 0), estimate(second, first, targets, 0)
    assert estimate(first, second, targets, 0) == found
    expected = [swapped.value.redundancy, swapped.value.unique_2, swapped.value.unique_1]
    assert astuple(found.value)[:3] == pytest.approx(expected, abs=1e-3)


def test_intervals_hold_the_estimate_and_narrow_with_samples():
    wide, narrow = (estimate(*generated("redundancy", noise=0.35, n=n), seed=0) for n in (200, 800))
    for found in (wide, narrow):
        parts = zip(*map(astuple, (found.low, found.value, found.high)), strict=True)
        assert all(low <= value <= high for low, value, high in parts)
    widths = [np.subtract(astuple(one.high), astuple(one.low)).sum() for one in (wide, narrow)]
    assert 1.3 < widths[0] / widths[1] < 3  # about √4


def test_copies_in_a_group_do_not_narrow_the_interval():
    first, second, targets = generated("redundancy", noise=0.35, n=300)
    four = np.repeat(np.arange(300), 4)
    alone = estimate(first, second, targets, seed=0)
    copied = estimate(first[four], second[four], targets[four], seed=0, groups=four)
    width = alone.high.redundancy - alone.low.redundancy
    assert copied.value.redundancy == pytest.approx(alone.value.redundancy, abs=0.1)
    assert copied.high.redundancy - copied.low.redundancy > 0.7 * width


def test_repeated_values_are_fewer_symbols():
    targets = RNG.integers(0, 2, 200)
    found = estimate(targets[:, None] * 1.0, np.zeros((200, 1)), targets, seed=0)
    assert astuple(found.value) == pytest.approx((0, 1, 0, 0), abs=0.02)


@pytest.mark.parametrize(
    ("targets", "groups", "message"),
    [
        (np.arange(99) % 2, None, "Found 99"),
        (np.arange(120) % 2, np.arange(120) % 4, "Found 120 of 4"),
        (np.arange(402) % 201, None, "at most 200 classes .* Found 201"),
    ],
)
def test_where_it_cannot_be_estimated_it_says_so(targets, groups, message):
    features = np.zeros((len(targets), 2))
    with pytest.raises(NotApplicable, match=message):
        estimate(features, features, targets, 0, groups)
