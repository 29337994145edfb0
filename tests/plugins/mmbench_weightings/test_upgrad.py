from __future__ import annotations

from itertools import product

import numpy as np
import pytest
import torch
from scipy.optimize import nnls

from mmbench import Term
from mmbench_weightings.upgrad import UPGrad


def update_of(rows):
    terms = tuple(Term(f"uni:m{place}") for place in range(len(rows)))
    return UPGrad(terms).combine(torch.tensor(rows @ rows.T)).numpy() @ rows


def drawn(seed, ratio=1.0):
    rows = np.random.default_rng(seed).standard_normal((4, 6))
    return rows * np.geomspace(1, ratio, 4)[:, None]


def projected(rows, vector):
    """The nearest vector with no negative inner product, by trying every set of active constraints."""
    best = None
    for active in product([False, True], repeat=len(rows)):
        chosen = rows[list(active)]
        found = vector - np.linalg.pinv(chosen) @ (chosen @ vector)
        feasible = (rows @ found >= -1e-9).all()
        distance = np.linalg.norm(found - vector)
        if feasible and (best is None or distance < best[0]):
            best = (distance, found)
    return best[1]


@pytest.mark.parametrize("ratio", [1.0, 100.0])
@pytest.mark.parametrize("seed", range(5))
def test_it_is_the_mean_of_the_projected_gradients(seed, ratio):
    rows = drawn(seed, ratio)
    expected = np.mean([projected(rows, row) for row in rows], axis=0)
    assert update_of(rows) == pytest.approx(expected, abs=1e-9 * ratio)


@pytest.mark.parametrize("seed", range(5))
def test_non_negative_least_squares_on_the_cholesky_factor_agrees(seed):
    rows = drawn(seed)
    upper = np.linalg.cholesky(rows @ rows.T).T
    starts = np.eye(4) / 4
    weights = sum(start + nnls(upper, -upper @ start)[0] for start in starts)
    assert update_of(rows) == pytest.approx(weights @ rows, abs=1e-7)


def test_gradients_that_agree_are_averaged_and_opposite_ones_cancel():
    rows = np.array([[1.0, 0.5], [0.5, 1.0]])
    assert update_of(rows) == pytest.approx(rows.mean(axis=0))
    assert update_of(np.array([[1.0, 0.0], [-3.0, 0.0]])) == pytest.approx([0.0, 0.0])
