from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from mmbench.data.preparation import InputSpec, Standardise
from mmbench.errors import DataError

RNG = np.random.default_rng(0)
SHAPES = [
    ((50, 4), 1),
    ((50, 7, 4), 2),
    ((50, 4, 5, 6), 1),
    ((50, 3, 4, 5, 6), 2),
]


@pytest.mark.parametrize(("shape", "channel"), SHAPES)
def test_each_channel_has_mean_0_and_variance_1_on_what_it_was_fitted_on(shape, channel):
    scale = np.array([1.0, 10.0, 1e-3, 1e5]).reshape(-1, *[1] * (len(shape) - channel - 1))
    values = 3 * scale + scale * RNG.normal(size=shape)
    found = Standardise().fit(values).transform(values).values
    others = [axis for axis in range(len(shape)) if axis != channel]
    assert found.dtype == torch.float32
    assert found.shape == shape
    assert torch.allclose(found.mean(others), torch.zeros(4), atol=1e-4)
    assert torch.allclose(found.std(others, correction=0), torch.ones(4), atol=1e-4)


@pytest.mark.parametrize(("shape", "channel"), SHAPES)
def test_the_spec_is_the_shape_of_one_sample(shape, channel):
    assert Standardise().fit(RNG.normal(size=shape)).spec == InputSpec(shape[1:])


def test_other_values_are_scaled_by_the_fitted_statistics():
    prepared = Standardise().fit(np.array([[1.0], [3.0]])).transform(np.array([[5.0], [2.0]]))
    assert prepared.values.tolist() == [[3.0], [0.0]]
    assert prepared.mask is None


def test_an_unknown_value_becomes_the_mean_and_plays_no_part_in_it():
    values = np.array([[1.0, np.nan], [np.nan, np.nan], [3.0, np.nan]])
    found = Standardise().fit(values).transform(values).values
    assert found.tolist() == [[-1.0, 0.0], [0.0, 0.0], [1.0, 0.0]]


@given(st.floats(-1e6, 1e6))
@settings(max_examples=25)
def test_a_constant_channel_becomes_zeros(value):
    values = np.full((7, 1), value)
    assert Standardise().fit(values).transform(values).values.abs().max() < 1e-6


def test_steps_beyond_the_length_play_no_part_in_the_statistics():
    mask = np.array([[True, True, False], [True, False, False]])
    values = np.array([[[1.0], [2.0], [999.0]], [[3.0], [-999.0], [999.0]]])
    prepared = Standardise().fit(values, mask).transform(values, mask)
    scale = np.sqrt(2 / 3)
    assert prepared.values[mask].flatten().tolist() == pytest.approx([-1 / scale, 0, 1 / scale])
    assert prepared.mask.tolist() == mask.tolist()


@pytest.mark.parametrize("dtype", [np.uint8, np.int64, np.float32, np.bool_])
def test_numbers_of_any_type_are_taken(dtype):
    values = np.array([[0], [1], [1], [0]]).astype(dtype)
    assert Standardise().fit(values).transform(values).values.flatten().tolist() == [-1, 1, 1, -1]


def test_pixels_do_not_overflow():
    values = np.array([0, 255], dtype=np.uint8).reshape(2, 1, 1, 1)
    assert Standardise().fit(values).transform(values).values.flatten().tolist() == [-1, 1]


@pytest.mark.parametrize(
    ("values", "message"),
    [
        (np.array(["a", "b"]), "Expected numbers of shape"),
        (np.zeros(3), r"Found float64 of shape \(3,\)"),
        (np.array([[1.0], [np.inf]]), "Found infinity"),
    ],
)
def test_what_is_not_numbers_is_refused(values, message):
    with pytest.raises(DataError, match=message):
        Standardise().fit(values)


def test_samples_of_another_shape_are_refused():
    with pytest.raises(DataError, match=r"shape \(2,\), as in the training part. Found \(3,\)"):
        Standardise().fit(np.zeros((4, 2))).transform(np.zeros((4, 3)))
