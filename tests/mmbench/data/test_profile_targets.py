from __future__ import annotations

import numpy as np
import pytest

from mmbench import Samples
from mmbench.data.profile_targets import QUANTILES, balance, memberships, quartiles

PARTS = {"train": np.arange(6), "validation": np.arange(6, 8), "test": np.arange(8, 10)}


def samples(targets, names=()):
    targets = np.array(targets)
    return Samples({"row": np.zeros((len(targets), 1))}, targets, target_names=names)


def test_classes_by_hand():
    found = balance(samples([0, 0, 0, 1, 1, 2, 0, 3, 1, 1], ("a", "b")), "classification", PARTS)
    assert found.counts == {
        "a": {"train": 3, "validation": 1, "test": 0},
        "b": {"train": 2, "validation": 0, "test": 2},
        "2": {"train": 1, "validation": 0, "test": 0},
        "3": {"train": 0, "validation": 1, "test": 0},
    }
    assert found.entropy == pytest.approx(1 / 2 + np.log2(3) / 3 + np.log2(6) / 6)
    assert found.most_entropy == 2
    assert found.imbalance is None


def test_labels_by_hand():
    labels = [[1, 0], [1, 1], [1, 0], [0, 0], [1, 0], [0, 1], [0, 0], [1, 1], [0, 1], [0, 0]]
    found = balance(samples(labels), "multilabel", PARTS)
    assert [count["train"] for count in found.counts.values()] == [4, 2]
    assert found.imbalance == 2
    assert found.entropy is None


def test_quantiles_of_several_real_targets():
    targets = np.random.default_rng(0).normal(size=(10, 2))
    found = balance(samples(targets, ("x", "y")), "regression", PARTS)
    assert found.quantiles["y"]["train"] == np.quantile(targets[:6, 1], QUANTILES).tolist()
    assert found.counts == {}


def test_quarters_have_the_edges_of_the_training_part():
    found = memberships(
        samples([0.0, 1, 2, 3, 4, -50, 99, 1, 5, 2.5]), "regression", PARTS["train"]
    )
    assert list(found) == ["below 0.25", "0.25 to 1.5", "1.5 to 2.75", "from 2.75"]
    assert np.flatnonzero(found["from 2.75"]).tolist() == [3, 4, 6, 8]
    assert np.sum(list(found.values()), axis=0).tolist() == [1] * 10


def test_many_equal_values_make_fewer_quarters():
    assert quartiles(np.array([0.0, 8, 8, 8, 8])).tolist() == [8]
    assert list(memberships(samples([8.0] * 10), "regression", PARTS["train"])) == [
        "below 8",
        "from 8",
    ]


def test_other_targets_have_no_members():
    assert memberships(samples(np.zeros((10, 2))), "regression", PARTS["train"]) == {}
    assert memberships(samples(np.arange(10)), "retrieval", PARTS["train"]) == {}
