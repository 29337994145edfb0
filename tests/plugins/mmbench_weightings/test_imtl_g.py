from __future__ import annotations

import numpy as np
import pytest
import torch

from mmbench import Term
from mmbench_weightings.imtl_g import IMTLG


def weights_of(rows):
    terms = tuple(Term(f"uni:m{place}") for place in range(len(rows)))
    return IMTLG(terms).combine(torch.tensor(rows @ rows.T)).numpy()


def unit(rows):
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


def papers_weights(rows):
    """α_{2:} = g_1 Uᵀ (D Uᵀ)⁻¹ with D = g_1 − g_k and U = u_1 − u_k, and α_1 = 1 − Σ α."""
    differences, units = rows[0] - rows[1:], unit(rows)[0] - unit(rows)[1:]
    rest = rows[0] @ units.T @ np.linalg.inv(differences @ units.T)
    return np.append(1 - rest.sum(), rest)


def drawn(seed, count=3, size=8):
    rng = np.random.default_rng(seed)
    return rng.standard_normal((count, size)) * rng.uniform(0.1, 10, (count, 1))


@pytest.mark.parametrize("seed", range(8))
def test_two_gradients_get_the_papers_weights(seed):
    rows = drawn(seed, count=2)
    assert weights_of(rows) == pytest.approx(papers_weights(rows))


@pytest.mark.parametrize("seed", range(8))
def test_projections_are_equal_and_positive_and_weights_the_papers_but_for_the_sign(seed):
    rows = drawn(seed)
    weights = weights_of(rows)
    projections = unit(rows) @ (weights @ rows)
    assert projections == pytest.approx(np.full(3, projections[0]))
    assert projections[0] > 0
    expected = papers_weights(rows)
    assert weights == pytest.approx(expected * np.sign(expected @ rows @ rows[0]))


def test_a_short_gradient_between_long_ones_does_not_turn_the_update_around():
    middle = np.array([0.01, 0.0, 0.015])
    rows = np.array([[1.0, 1.0, 1.0], [1.0, -1.0, 1.0], middle])
    assert papers_weights(rows) @ rows @ middle < 0
    assert weights_of(rows) @ rows @ middle > 0
    assert weights_of(rows) == pytest.approx(-papers_weights(rows))


def test_parallel_gradients_share_and_opposite_ones_cancel():
    assert weights_of(np.array([[1.0, 0.0], [1.0, 0.0]])) == pytest.approx([0.5, 0.5])
    assert weights_of(np.array([[1.0, 0.0], [-1.0, 0.0]])).tolist() == [0.0, 0.0]
