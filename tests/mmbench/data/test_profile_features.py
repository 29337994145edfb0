from __future__ import annotations

import numpy as np
import pytest

from mmbench import Samples
from mmbench.data.profile_features import COMPONENTS, Features, features_of, plain
from mmbench.errors import DataError

RNG = np.random.default_rng(0)
TRAIN, HELD = np.arange(40), np.arange(40, 60)


def test_tabular_values_are_plain_already():
    values = RNG.normal(size=(5, 3))
    assert (plain(values) == values).all()


def test_pixels_are_averaged_over_cells():
    image = np.arange(16 * 24, dtype=float).reshape(1, 1, 16, 24)
    expected = [
        image[0, 0, i : i + 2, j : j + 3].mean() for i in range(0, 16, 2) for j in range(0, 24, 3)
    ]
    assert plain(image)[0] == pytest.approx(expected)
    assert plain(image[:, :, :4, :4])[0] == pytest.approx(image[0, 0, :4, :4].ravel())


def test_sides_that_eight_does_not_divide_keep_their_mean():
    image = RNG.normal(size=(1, 1, 13, 8))
    rows = np.split(np.arange(13), np.linspace(0, 13, 9)[1:-1].astype(int))
    expected = [image[0, 0, row].mean(axis=0) for row in rows]
    assert plain(image)[0] == pytest.approx(np.ravel(expected))


def test_a_series_is_mean_segments_and_spread_of_its_real_steps():
    steps = RNG.normal(size=(2, 16, 3))
    mask = np.arange(16) < np.array([[16], [8]])
    found = plain(steps, mask).reshape(2, 10, 3)
    for row, real in zip(found, (steps[0], steps[1, :8]), strict=True):
        assert row[0] == pytest.approx(real.mean(axis=0))
        assert row[1:9] == pytest.approx(real.reshape(8, -1, 3).mean(axis=1))
        assert row[9] == pytest.approx(real.std(axis=0))


def test_a_series_shorter_than_its_segments_leaves_some_empty():
    steps = np.array([[[3.0], [5.0], [9.0]]])
    mask = np.array([[True, True, False]])
    assert plain(steps, mask)[0].tolist() == [4, 3, 0, 0, 0, 5, 0, 0, 0, 1]
    assert plain(steps, np.zeros((1, 3), dtype=bool))[0].tolist() == [0] * 10


def test_a_video_is_mean_and_spread_over_time():
    frames = RNG.normal(size=(1, 5, 2, 8, 8))
    found = plain(frames).reshape(2, 2, 8, 8)
    assert found == pytest.approx(np.stack([frames[0].mean(axis=0), frames[0].std(axis=0)]))


def test_features_have_one_scale_and_unknown_values_are_the_mean():
    values = RNG.normal(size=(40, 4)) * [1, 10, 100, 1000] + 50
    values[3, 2] = np.nan
    found = Features(0).fit(values).transform(values)
    assert np.mean(found**2) == pytest.approx(1)
    assert found.mean(axis=0) == pytest.approx(0, abs=1e-6)
    assert found.std(axis=0) == pytest.approx(1, abs=0.02)
    assert found[3, 2] == pytest.approx(0, abs=1e-6)


def test_wide_features_are_reduced_and_keep_their_distances():
    low = RNG.normal(size=(200, 3)) @ RNG.normal(size=(3, 300))
    found = Features(0).fit(low).transform(low)
    scaled = (low - low.mean(axis=0)) / low.std(axis=0)
    assert found.shape == (200, COMPONENTS)
    ratio = np.linalg.norm(found[1:] - found[:-1], axis=1) / np.linalg.norm(
        scaled[1:] - scaled[:-1], axis=1
    )
    assert ratio == pytest.approx(ratio[0])


@pytest.mark.parametrize("texts", [["good film", "bad film"], ["", "?!"], ["same", "same"]])
def test_texts_of_every_sort(texts):
    values = np.array(texts * 30, dtype=object)
    found = Features(0).fit(values).transform(values)
    assert np.isfinite(found).all()
    assert (found[::2] == found[0]).all()
    if texts[0] == "good film":
        assert np.linalg.norm(found[0] - found[1]) > 1


def samples(**changes):
    return Samples({"row": RNG.normal(size=(60, 3))}, np.arange(60) % 2, **changes)


def test_only_the_training_part_is_learned_from():
    given = samples()
    clean = features_of(given, "row", TRAIN, HELD, 0)
    given.inputs["row"][HELD] = 1e6
    assert (features_of(given, "row", TRAIN, HELD, 0)[:40] == clean[:40]).all()


def test_absent_samples_are_zeros_and_not_learned_from():
    present = np.arange(60) % 3 > 0
    given = samples(present={"row": present})
    clean = features_of(given, "row", TRAIN, HELD, 0)
    given.inputs["row"][~present] = 1e6
    assert (features_of(given, "row", TRAIN, HELD, 0) == clean).all()
    assert (clean.any(axis=1) == present).all()


def test_an_error_names_the_modality():
    given = samples()
    given.inputs["row"][0] = np.inf
    with pytest.raises(DataError, match="Modality 'row': Expected finite numbers"):
        features_of(given, "row", TRAIN, HELD, 0)
