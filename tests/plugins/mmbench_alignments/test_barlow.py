from __future__ import annotations

import numpy as np
import pytest
import torch

from mmbench_alignments.barlow import BarlowTwins


@pytest.mark.parametrize("redundancy", [0.0051, 1.0])
def test_correlations_should_be_the_identity(redundancy):
    loss = BarlowTwins(3, 5, dim=4, redundancy=redundancy).double()
    x_i, x_j = torch.randn(9, 3).double(), torch.randn(9, 5).double()
    z_i, z_j = (z.detach().numpy() for z in (loss.project_i(x_i), loss.project_j(x_j)))
    expected = 0.0
    for k in range(4):
        for m in range(4):
            pair = np.cov(z_i[:, k], z_j[:, m], bias=True)
            correlation = pair[0, 1] / np.sqrt((pair[0, 0] + 1e-5) * (pair[1, 1] + 1e-5))
            expected += (1 - correlation) ** 2 if k == m else redundancy * correlation**2
    assert loss(x_i, x_j).item() == pytest.approx(expected)


def test_the_weight_of_redundancy_is_the_published_one():
    assert BarlowTwins(3, 5).redundancy == 0.0051


def test_identical_and_uncorrelated_features_cost_nothing():
    loss = BarlowTwins(4, 4, dim=4)
    for layer in (loss.project_i, loss.project_j):
        torch.nn.init.eye_(layer.weight)
    x = torch.tensor(np.kron([[1, 1], [1, -1]], [[1, 1], [1, -1]]), dtype=torch.float32)
    x = torch.cat([x, -x]) * 10
    assert loss(x, x).item() == pytest.approx(0, abs=1e-5)
    assert loss(x, -x).item() == pytest.approx(16, rel=1e-5)


@pytest.mark.parametrize("size", [0, 1, 6])
def test_features_that_do_not_vary_correlate_with_nothing(size):
    loss = BarlowTwins(3, 5, dim=4)
    value = loss(torch.ones(size, 3), torch.ones(size, 5))
    value.backward()
    assert value.item() == pytest.approx(4)
    assert all(p.grad.abs().max() < 1e-4 for p in loss.parameters())
