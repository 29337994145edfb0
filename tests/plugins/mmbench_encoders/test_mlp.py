from __future__ import annotations

import numpy as np
import pytest
import torch

from mmbench.data.preparation import InputSpec
from mmbench.errors import DataError
from mmbench_encoders.mlp import MLPEncoder


def layer_norm(x, weight, bias):
    centred = x - x.mean(-1, keepdims=True)
    return centred / np.sqrt((centred**2).mean(-1, keepdims=True) + 1e-5) * weight + bias


def test_it_is_linear_norm_relu_linear():
    encoder = MLPEncoder(InputSpec((6,)), 4, hidden=5, dropout=0.5).double().eval()
    x = np.random.default_rng(0).normal(size=(7, 6))
    w1, b1, scale, shift, w2, b2 = (p.detach().numpy() for p in encoder.parameters())
    expected = np.maximum(layer_norm(x @ w1.T + b1, scale, shift), 0) @ w2.T + b2
    tokens, mask = encoder(torch.from_numpy(x), None)
    np.testing.assert_allclose(tokens[:, 0].detach().numpy(), expected, atol=1e-6)
    assert mask.shape == (7, 1)


def test_no_hidden_layer_is_a_linear_projection():
    encoder = MLPEncoder(InputSpec((6,)), 4, layers=0).double()
    x = torch.randn(3, 6, dtype=torch.float64)
    weight, bias = encoder.parameters()
    torch.testing.assert_close(encoder(x)[0][:, 0], x @ weight.T + bias)


def test_an_image_is_refused_with_a_way_out():
    with pytest.raises(DataError, match=r"shape \(F\).*Found \(1, 8, 8\).*another encoder"):
        MLPEncoder(InputSpec((1, 8, 8)), 4)
