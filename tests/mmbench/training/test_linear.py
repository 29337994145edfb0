"""Linear layers of lanes by NumPy."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F

from mmbench.training.linear import Linear


@pytest.fixture
def given():
    torch.manual_seed(0)
    shapes = {"rows": (3, 5, 6), "weight": (3, 4, 6), "bias": (3, 4)}
    return {
        name: torch.randn(shape, dtype=torch.float64, requires_grad=True)
        for name, shape in shapes.items()
    }


def test_each_lane_is_a_linear_layer(given):
    found = Linear.apply(*given.values())
    for place, own in enumerate(found):
        lane = (values[place] for values in given.values())
        torch.testing.assert_close(own, F.linear(*lane))


def test_gradients_are_those_of_differences(given):
    assert torch.autograd.gradcheck(Linear.apply, tuple(given.values()))


def test_without_bias(given):
    rows, weight, _ = given.values()
    torch.testing.assert_close(Linear.apply(rows, weight, None), rows @ weight.mT)


def test_only_what_is_asked_for_gets_a_gradient(given):
    rows, weight, bias = given.values()
    Linear.apply(rows.detach(), weight, bias).sum().backward()
    assert rows.grad is None
    torch.testing.assert_close(bias.grad, torch.full_like(bias, 5.0))


def test_a_second_derivative_is_refused(given):
    """It would be wrong in silence; the pass that meets the error trains its lanes alone."""
    total = Linear.apply(*given.values()).square().sum()
    (gradient,) = torch.autograd.grad(total, given["weight"], create_graph=True)
    with pytest.raises(RuntimeError, match="once_differentiable"):
        gradient.sum().backward()
