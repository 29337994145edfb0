from __future__ import annotations

import numpy as np
import pytest
import torch

from mmbench.data.preparation import InputSpec
from mmbench_encoders.conv2d import Conv2dEncoder, PositionwiseLinear


@pytest.mark.parametrize(
    ("shape", "count"),
    [
        ((1, 15, 16), 16),
        ((3, 32, 32), 16),
        ((1, 28, 28), 16),
        ((3, 64, 48), 16),
        ((1, 8, 8), 16),
        ((2, 5, 3), 6),
        ((1, 1, 1), 1),
        ((1, 1, 40), 4),
        ((1, 112, 112), 16),
    ],
)
def test_the_map_has_at_most_four_positions_a_side(shape, count):
    tokens, mask = Conv2dEncoder(InputSpec(shape), 6, channels=4)(torch.randn(2, *shape))
    assert tokens.shape == (2, count, 6)
    assert mask.shape == (2, count)


def test_the_mean_of_positionwise_tokens_is_a_fully_connected_layer():
    layer = PositionwiseLinear(5, 3, 4).double()
    layer.bias.data.normal_()
    x = np.random.default_rng(0).normal(size=(7, 5, 3))
    tokens = layer(torch.from_numpy(x)).detach().numpy()
    weight, bias = layer.weight.detach().numpy(), layer.bias.detach().numpy()
    np.testing.assert_allclose(tokens[2, 3], x[2, 3] @ weight[3] + bias[3], atol=1e-6)
    connected = x.reshape(7, 15) @ weight.reshape(15, 4) / 5 + bias.mean(axis=0)
    np.testing.assert_allclose(tokens.mean(axis=1), connected, atol=1e-6)


def test_every_pixel_is_seen():
    shape = (2, 33, 17)
    x = torch.randn(1, *shape, requires_grad=True)
    tokens, _ = Conv2dEncoder(InputSpec(shape), 6, dropout=0.0)(x)
    (tokens * torch.randn_like(tokens)).sum().backward()
    assert (x.grad != 0).all()
