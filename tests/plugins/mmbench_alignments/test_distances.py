from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy.spatial.distance import cosine

from mmbench_alignments.distances import CosineDistance, SquaredDistance


def projected(loss, x_i, x_j):
    return loss.project_i(x_i).detach().numpy(), loss.project_j(x_j).detach().numpy()


@pytest.mark.parametrize("size", [1, 6])
def test_cosine_is_scipys_mean_distance(size):
    loss = CosineDistance(3, 5, dim=4).double()
    x_i, x_j = torch.randn(size, 3).double(), torch.randn(size, 5).double()
    pairs = zip(*projected(loss, x_i, x_j), strict=True)
    assert loss(x_i, x_j).item() == pytest.approx(np.mean([cosine(*pair) for pair in pairs]))


@pytest.mark.parametrize("size", [1, 6])
def test_mse_is_a_mean_over_samples_and_components(size):
    loss = SquaredDistance(3, 5, dim=4).double()
    x_i, x_j = torch.randn(size, 3).double(), torch.randn(size, 5).double()
    z_i, z_j = projected(loss, x_i, x_j)
    assert loss(x_i, x_j).item() == pytest.approx(((z_i - z_j) ** 2).mean())


@pytest.mark.parametrize("kind", [CosineDistance, SquaredDistance])
def test_identical_projections_have_no_distance(kind):
    loss = kind(3, 3)
    loss.project_j.load_state_dict(loss.project_i.state_dict())
    for x in (torch.randn(6, 3), torch.ones(6, 3)):
        assert loss(x, x).item() == pytest.approx(0, abs=1e-6)


@pytest.mark.parametrize("kind", [CosineDistance, SquaredDistance])
def test_constant_features_have_the_distance_of_one_pair(kind):
    loss, x_i, x_j = kind(3, 5), torch.ones(6, 3), torch.ones(6, 5)
    torch.testing.assert_close(loss(x_i, x_j), loss(x_i[:1], x_j[:1]))
    assert loss(x_i[:0], x_j[:0]).item() == 0
