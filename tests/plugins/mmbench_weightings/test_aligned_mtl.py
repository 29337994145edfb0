from __future__ import annotations

import numpy as np
import pytest
import torch

from mmbench import Term
from mmbench_weightings.aligned_mtl import AlignedMTL

TERMS = (Term("joint"), Term("uni:image"), Term("uni:text"))


def update_of(rows):
    return AlignedMTL(TERMS).combine(torch.tensor(rows @ rows.T)).numpy() @ rows


def by_singular_values(rows):
    """The mean of σ_min U Vᵀ over the components that are there."""
    u, sigma, v = np.linalg.svd(rows, full_matrices=False)
    there = sigma > 1e-6 * sigma[0]
    return (sigma[there].min() * u[:, there] @ v[there]).mean(axis=0)


@pytest.mark.parametrize("seed", range(5))
def test_all_components_are_made_as_long_as_the_shortest(seed):
    rows = np.random.default_rng(seed).standard_normal((3, 7)) * [[1.0], [5.0], [0.3]]
    assert update_of(rows) == pytest.approx(by_singular_values(rows))


def test_orthogonal_gradients_become_equally_long():
    rows = np.diag([1.0, 10.0, 100.0])
    assert update_of(rows) == pytest.approx(np.full(3, 1 / 3))


def test_a_loss_that_is_there_twice_adds_no_component_of_rounding():
    rows = np.random.default_rng(0).standard_normal((3, 7)).astype(np.float32)
    rows[1] = rows[0] + 1e-6 * rows[2, ::-1]  # the noise of a backward pass
    gramian = torch.tensor(rows.astype(float) @ rows.astype(float).T).float()
    update = AlignedMTL(TERMS).combine(gramian).numpy() @ rows
    assert update == pytest.approx(by_singular_values(rows.astype(float)), rel=1e-3)
