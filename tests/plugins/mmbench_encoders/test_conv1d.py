from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from mmbench.data.preparation import InputSpec
from mmbench.errors import BadParameter
from mmbench_encoders.conv1d import (
    Conv1dEncoder,
    StridedConvolution,
    downsample_mask,
    windows,
)

SIZES = {"steps": st.integers(1, 20), "stride": st.integers(1, 5), "extra": st.integers(0, 4)}


@given(**SIZES)
def test_each_window_covers_its_stride_and_no_step_is_skipped(steps, stride, extra):
    series = torch.arange(1, steps + 1, dtype=torch.float64).reshape(1, steps, 1)
    seen = windows(series, stride + extra, stride)[0]
    assert seen.shape == (-(-steps // stride), stride + extra)
    for token, window in enumerate(seen.tolist()):
        start = token * stride
        assert set(range(start + 1, min(start + stride, steps) + 1)) <= set(window)


@given(**SIZES)
def test_it_equals_a_convolution_of_the_zero_padded_series(steps, stride, extra):
    kernel = stride + extra
    x = np.random.default_rng(steps).normal(size=(2, steps, 3))
    layer = StridedConvolution(3, 4, kernel, stride).double()
    layer.norm = torch.nn.Identity()
    found, _ = layer(torch.from_numpy(x), torch.ones(2, steps, dtype=torch.bool))
    weight = layer.weigh.weight.detach().numpy().reshape(4, kernel, 3)
    bias = layer.weigh.bias.detach().numpy()
    before = (kernel - stride) // 2
    zeros = np.zeros((2, kernel + stride, 3))
    padded = np.concatenate([zeros[:, :before], x, zeros], axis=1)
    expected = [
        np.einsum("bkc,okc->bo", padded[:, start : start + kernel], weight) + bias
        for start in range(0, steps, stride)
    ]
    expected = np.maximum(np.stack(expected, axis=1), 0)
    np.testing.assert_allclose(found.detach().numpy(), expected, atol=1e-6)


@given(st.lists(st.booleans(), min_size=1, max_size=17), st.integers(1, 5))
def test_a_token_is_real_where_its_stride_window_has_a_real_step(steps, stride):
    expected = [any(steps[i : i + stride]) for i in range(0, len(steps), stride)]
    assert downsample_mask(torch.tensor([steps]), stride)[0].tolist() == expected


def test_padding_before_the_series_does_not_leak():
    encoder = Conv1dEncoder(InputSpec((32, 2)), 4, dropout=0.0).double()
    x = torch.randn(3, 32, 2, dtype=torch.float64)
    mask = (torch.arange(32) >= 16).expand(3, -1)
    other = x.masked_fill(~mask.unsqueeze(-1), 1e6)
    tokens, out_mask = encoder(x, mask)
    assert out_mask.tolist() == [[False, True]] * 3
    assert torch.equal(tokens, encoder(other, mask)[0])


def test_one_step_gives_one_token():
    tokens, mask = Conv1dEncoder(InputSpec((1, 2)), 4)(torch.randn(3, 1, 2))
    assert tokens.shape == (3, 1, 4)
    assert mask.tolist() == [[True]] * 3


def test_a_kernel_that_skips_steps_is_refused():
    with pytest.raises(BadParameter, match=r"at least the stride.*kernel=3, stride=4"):
        Conv1dEncoder(InputSpec((20, 2)), 4, kernel=3)
