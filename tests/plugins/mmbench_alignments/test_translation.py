from __future__ import annotations

import numpy as np
import pytest
import torch

from mmbench_alignments.translation import Translation


def perceptron(body, x):
    first, _, last = body
    weights = [p.detach().numpy() for p in (first.weight, first.bias, last.weight, last.bias)]
    return np.maximum(x @ weights[0].T + weights[1], 0) @ weights[2].T + weights[3]


@pytest.mark.parametrize("size", [1, 6])
@pytest.mark.parametrize("weights", [(0.01, 0.01), (2.0, 3.0), (0.0, 1.0)])
def test_there_and_back_are_squared_errors(size, weights):
    loss = Translation(3, 5, 8, *weights).double()
    x_i, x_j = torch.randn(size, 3).double(), torch.randn(size, 5).double()
    translated = perceptron(loss.there, x_i.numpy())
    returned = perceptron(loss.back, translated)
    forward = ((translated - x_j.numpy()) ** 2).sum(axis=1).mean()
    cycle = ((returned - x_i.numpy()) ** 2).sum(axis=1).mean()
    assert loss(x_i, x_j).item() == pytest.approx(weights[0] * forward + weights[1] * cycle)


def test_the_weights_are_the_published_ones():
    loss = Translation(3, 5)
    assert (loss.forward_weight, loss.cycle_weight) == (0.01, 0.01)


def test_constant_features_cost_what_one_of_them_does():
    loss, x_i, x_j = Translation(3, 5), torch.ones(6, 3), torch.ones(6, 5)
    torch.testing.assert_close(loss(x_i, x_j), loss(x_i[:1], x_j[:1]))
    assert loss(x_i[:0], x_j[:0]).item() == 0


def test_the_identity_translates_identical_features():
    loss, x = Translation(3, 3, hidden=3), torch.rand(6, 3)
    for layer in (loss.there[0], loss.there[2], loss.back[0], loss.back[2]):
        torch.nn.init.eye_(layer.weight)
        torch.nn.init.zeros_(layer.bias)
    assert loss(x, x).item() == 0
    assert loss(x, x + 1).item() == pytest.approx(0.01 * 3)


def test_both_features_learn():
    x_i, x_j = torch.randn(6, 3, requires_grad=True), torch.randn(6, 5, requires_grad=True)
    Translation(3, 5, cycle_weight=0.0)(x_i, x_j).backward()
    assert (x_i.grad != 0).all()
    assert (x_j.grad != 0).all()
