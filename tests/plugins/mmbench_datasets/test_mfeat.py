from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from mmbench.data.samples import Samples
from mmbench_datasets import mfeat

SIZES = {"fou": 76, "mor": 6, "zer": 47}


@pytest.fixture(scope="module")
def samples() -> Samples:
    return mfeat.load()


@pytest.fixture(scope="module")
def with_image() -> Samples:
    return mfeat.load_with_image()


def test_three_finite_views_of_200_digits_a_class(samples: Samples) -> None:
    assert {name: values.shape for name, values in samples.inputs.items()} == {
        name: (2000, size) for name, size in SIZES.items()
    }
    for values in samples.inputs.values():
        assert values.dtype == np.float32
        assert np.isfinite(values).all()
    assert np.bincount(samples.targets).tolist() == [200] * 10
    assert samples.target_names == tuple("0123456789")


def test_first_sample_is_the_source_s(samples: Samples) -> None:
    assert samples.targets[0] == 0
    expected = np.array([1, 0, 0, 133.15, 1.3117, 1620.2], dtype=np.float32)
    assert np.array_equal(samples.inputs["mor"][0], expected)
    assert samples.inputs["fou"][0, 0] == np.float32(0.065882)


def test_image_variant_adds_the_image_only(samples: Samples, with_image: Samples) -> None:
    assert sorted(with_image.inputs) == ["fou", "mor", "pix", "zer"]
    for name, values in samples.inputs.items():
        assert np.array_equal(with_image.inputs[name], values)
    image = with_image.inputs["pix"]
    assert image.shape == (2000, 1, 16, 15)
    assert image.dtype == np.uint8
    assert (image.min(), image.max()) == (0, 6)


def test_image_stands_upright(with_image: Samples) -> None:
    mean = {
        digit: with_image.inputs["pix"][with_image.targets == digit, 0].mean(axis=0)
        for digit in (0, 7)
    }
    # A zero is symmetric around a hole; a seven has a bar on top and nothing in its lower left.
    zero = mean[0]
    assert np.corrcoef(zero.ravel(), zero[:, ::-1].ravel())[0, 1] > 0.85
    assert zero[6:10, 6:9].mean() < 1.5 < 4 < zero[6:10, 1:4].mean()
    seven = mean[7]
    assert seven[:3, 4:].mean() > 4
    assert seven[12:, :5].mean() < 2 < seven[12:, 5:10].mean()


def test_pixels_next_to_each_other_agree(with_image: Samples) -> None:
    image = with_image.inputs["pix"][:, 0].astype(float)
    flat = image.reshape(2000, -1)
    along = np.corrcoef(image[:, 1:].ravel(), image[:, :-1].ravel())[0, 1]
    askew = np.corrcoef(flat[:, 16:].ravel(), flat[:, :-16].ravel())[0, 1]
    assert along > 0.7
    assert along > askew + 0.1


@pytest.mark.parametrize(
    ("views", "published"),
    [(("fou",), 0.826), (("zer",), 0.811), (("mor",), 0.710), (("fou", "mor", "zer"), 0.899)],
)
def test_weak_views_reach_the_published_figures(
    samples: Samples, probe: Callable[..., float], views: tuple[str, ...], published: float
) -> None:
    features = np.concatenate([samples.inputs[view] for view in views], axis=1)
    assert probe(samples, features) == pytest.approx(published, abs=0.03)


def test_image_is_the_strong_view(with_image: Samples, probe: Callable[..., float]) -> None:
    flat = with_image.inputs["pix"].reshape(len(with_image), -1)
    assert probe(with_image, flat) == pytest.approx(0.966, abs=0.02)
