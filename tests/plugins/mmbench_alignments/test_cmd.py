from __future__ import annotations

import numpy as np
import pytest
import scipy.stats
import torch

from mmbench_alignments.cmd import CentralMoments


@pytest.mark.parametrize("moments", [2, 5])
def test_moments_are_scipys(moments):
    loss = CentralMoments(3, 5, dim=4, moments=moments).double()
    x_i, x_j = torch.randn(9, 3).double(), torch.randn(9, 5).double()
    z_i, z_j = (
        1 / (1 + np.exp(-z.detach().numpy())) for z in (loss.project_i(x_i), loss.project_j(x_j))
    )
    expected = np.linalg.norm(z_i.mean(axis=0) - z_j.mean(axis=0))
    for order in range(2, moments + 1):
        apart = scipy.stats.moment(z_i, order, axis=0) - scipy.stats.moment(z_j, order, axis=0)
        expected += np.linalg.norm(apart)
    assert loss(x_i, x_j).item() == pytest.approx(expected)


def test_five_moments_are_the_default():
    assert CentralMoments(3, 5).moments == 5


def test_the_same_samples_in_another_order_have_no_discrepancy():
    loss = CentralMoments(3, 3)
    loss.project_j.load_state_dict(loss.project_i.state_dict())
    x = torch.randn(9, 3)
    assert loss(x, x.flip(0)).item() == pytest.approx(0, abs=1e-5)


@pytest.mark.parametrize("size", [1, 6])
def test_without_variance_it_is_the_distance_of_the_means(size):
    loss = CentralMoments(3, 5)
    x_i, x_j = torch.ones(size, 3), torch.ones(size, 5)
    means = loss.project_i(x_i).sigmoid() - loss.project_j(x_j).sigmoid()
    assert loss(x_i, x_j).item() == pytest.approx(means[0].norm().item(), rel=1e-4)


@pytest.mark.parametrize("size", [0, 1, 7])
def test_identical_distributions_have_a_gradient_of_zero_not_nan(size):
    loss = CentralMoments(3, 3)
    loss.project_j.load_state_dict(loss.project_i.state_dict())
    x = torch.randn(size, 3)
    value = loss(x, x)
    value.backward()
    assert value.item() == 0
    assert all((p.grad == 0).all() for p in loss.parameters())
