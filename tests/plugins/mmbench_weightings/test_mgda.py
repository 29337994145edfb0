from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy.optimize import minimize
from torchjd.aggregation import MGDAWeighting

from mmbench import Term
from mmbench_weightings.mgda import MGDA


def weights_of(rows):
    terms = tuple(Term(f"uni:m{place}") for place in range(len(rows)))
    return MGDA(terms).combine(torch.tensor(rows @ rows.T)).numpy()


@pytest.mark.parametrize("scale", [0.1, 1.0, 10.0])
@pytest.mark.parametrize("seed", range(5))
def test_two_losses_have_a_closed_form(seed, scale):
    a, b = np.random.default_rng(seed).standard_normal((2, 3)) * [[scale], [1.0]]
    first = np.clip((b - a) @ b / ((a - b) @ (a - b)), 0, 1)
    assert weights_of(np.stack([a, b])) == pytest.approx([first, 1 - first], abs=1e-9)


@pytest.mark.parametrize("seed", range(5))
def test_more_losses_agree_with_a_general_solver(seed):
    rows = np.random.default_rng(seed).standard_normal((4, 6)) + 0.5
    solved = minimize(
        lambda w: w @ rows @ rows.T @ w,
        np.full(4, 0.25),
        jac=lambda w: 2 * rows @ rows.T @ w,
        bounds=[(0, 1)] * 4,
        constraints={"type": "eq", "fun": lambda w: w.sum() - 1, "jac": lambda w: np.ones(4)},
        options={"ftol": 1e-15, "maxiter": 500},
    )
    assert weights_of(rows) == pytest.approx(solved.x, abs=1e-5)


def test_it_is_shorter_than_what_frank_wolfe_steps_stop_at():
    rows = np.random.default_rng(0).standard_normal((9, 50)) * np.geomspace(1, 1000, 9)[:, None]
    stopped = MGDAWeighting()(torch.tensor(rows @ rows.T)).numpy()
    assert np.linalg.norm(weights_of(rows) @ rows) < 0.99 * np.linalg.norm(stopped @ rows)
