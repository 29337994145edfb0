from __future__ import annotations

import numpy as np
import pytest
import torch

from mmbench_alignments.vicreg import VICReg


def terms(loss, x_i, x_j):
    """Invariance, variance and covariance."""
    z_i, z_j = (z.detach().numpy() for z in (loss.project_i(x_i), loss.project_j(x_j)))
    variance = covariance = 0.0
    for z in (z_i, z_j):
        spread = np.cov(z, rowvar=False)
        variance += np.maximum(0, 1 - np.sqrt(np.diag(spread) + 1e-4)).mean()
        covariance += ((spread - np.diag(np.diag(spread))) ** 2).sum() / len(spread)
    return np.array([((z_i - z_j) ** 2).mean(), variance, covariance])


@pytest.mark.parametrize("scale", [0.3, 3.0])
def test_it_weighs_invariance_variance_and_covariance(scale):
    x_i, x_j = scale * torch.randn(9, 3).double(), scale * torch.randn(9, 5).double()
    loss = VICReg(3, 5, dim=4).double()
    expected = terms(loss, x_i, x_j)
    assert loss(x_i, x_j).item() == pytest.approx(expected @ [25, 25, 1])
    loss.invariance, loss.variance, loss.covariance = 2.0, 3.0, 5.0
    assert loss(x_i, x_j).item() == pytest.approx(expected @ [2, 3, 5])


def test_one_sample_has_no_variance_but_a_difference():
    loss, x_i, x_j = VICReg(3, 5, dim=4), torch.randn(1, 3), torch.randn(1, 5)
    difference = (loss.project_i(x_i) - loss.project_j(x_j)).square().mean().item()
    assert loss(x_i, x_j).item() == pytest.approx(25 * difference + 50 * 0.99, rel=1e-5)


def test_no_sample_has_neither():
    value = VICReg(3, 5)(torch.zeros(0, 3), torch.zeros(0, 5))
    assert value.item() == pytest.approx(50 * 0.99, rel=1e-5)


def test_identical_features_that_vary_and_do_not_covary_cost_nothing():
    loss = VICReg(2, 2, dim=2)
    for layer in (loss.project_i, loss.project_j):
        torch.nn.init.eye_(layer.weight)
        torch.nn.init.zeros_(layer.bias)
    x = torch.tensor([[1.0, 1.0], [1.0, -1.0], [-1.0, 1.0], [-1.0, -1.0]])
    assert loss(x, x).item() == 0
    assert loss(0 * x, 0 * x).item() == pytest.approx(50 * 0.99, rel=1e-5)


def test_constant_features_learn_by_their_difference_alone():
    loss = VICReg(3, 5, invariance=0.0)
    loss(torch.ones(6, 3), torch.ones(6, 5)).backward()
    assert all(p.grad.abs().max() < 1e-4 for p in loss.parameters())
