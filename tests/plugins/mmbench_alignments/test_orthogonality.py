from __future__ import annotations

import numpy as np
import pytest
import torch

from mmbench_alignments.orthogonality import Orthogonality


def directions(x):
    apart = x - x.mean(axis=0)
    return apart / np.sqrt((apart**2).sum(axis=1, keepdims=True) + 1e-8)


@pytest.mark.parametrize("weight", [0.3, 2.0])
def test_it_is_the_mean_square_of_the_products_of_directions(weight):
    x_i, x_j = torch.randn(6, 3).double(), torch.randn(6, 5).double()
    products = directions(x_i.numpy()).T @ directions(x_j.numpy())
    found = Orthogonality(3, 5, weight)(x_i, x_j).item()
    assert found == pytest.approx(weight * (products**2).mean())


def test_the_weight_is_the_published_one():
    assert Orthogonality(3, 5).weight == 0.3


def test_columns_that_are_orthogonal_over_the_batch_cost_nothing():
    x_i = torch.tensor([[1.0], [1.0], [-1.0], [-1.0]])
    x_j = torch.tensor([[1.0], [-1.0], [1.0], [-1.0]])
    loss = Orthogonality(1, 1)
    assert loss(x_i, x_j).item() == 0
    assert loss(x_i, x_i).item() == pytest.approx(0.3 * 4**2)


@pytest.mark.parametrize("size", [0, 1, 6])
def test_features_that_do_not_vary_give_zero_without_a_gradient(size):
    x_i, x_j = torch.ones(size, 3, requires_grad=True), torch.ones(size, 5, requires_grad=True)
    value = Orthogonality(3, 5)(x_i, x_j)
    value.backward()
    assert value.item() == 0
    assert (x_i.grad == 0).all()
    assert (x_j.grad == 0).all()
