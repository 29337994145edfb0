from __future__ import annotations

import numpy as np
import pytest
import torch

from mmbench_alignments.coral import CORAL


def test_it_is_the_distance_of_the_covariances():
    loss = CORAL(3, 5, dim=4).double()
    x_i, x_j = torch.randn(9, 3).double(), torch.randn(9, 5).double()
    c_i, c_j = (
        np.cov(z.detach().numpy(), rowvar=False) for z in (loss.project_i(x_i), loss.project_j(x_j))
    )
    assert loss(x_i, x_j).item() == pytest.approx(((c_i - c_j) ** 2).sum() / (4 * 4**2))


def test_neither_means_nor_the_order_of_samples_matter():
    loss = CORAL(3, 3)
    loss.project_j.load_state_dict(loss.project_i.state_dict())
    x = torch.randn(9, 3)
    assert loss(x, x).item() == 0
    assert loss(x, x.flip(0) + 5).item() == pytest.approx(0, abs=1e-9)
    assert loss(x, 2 * x).item() > 1e-3


@pytest.mark.parametrize("size", [0, 1, 6])
def test_features_that_do_not_vary_give_zero_without_a_gradient(size):
    loss = CORAL(3, 5)
    value = loss(torch.ones(size, 3), torch.ones(size, 5))
    value.backward()
    assert value.item() == pytest.approx(0, abs=1e-12)
    assert all(p.grad.abs().max() < 1e-6 for p in loss.parameters())
