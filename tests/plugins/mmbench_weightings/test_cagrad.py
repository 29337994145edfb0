from __future__ import annotations

import numpy as np
import pytest
from scipy.optimize import minimize

from mmbench import Term
from mmbench.errors import BadParameter
from mmbench_weightings.cagrad import CAGrad, conflict_averse


def drawn(seed, count, size=6):
    rng = np.random.default_rng(seed)
    return rng.standard_normal((count, size)) * rng.uniform(0.1, 10, (count, 1))


def by_general_solver(rows, c):
    """The dual's w from SLSQP, and d = g_0 + c ‖g_0‖ g_w / ‖g_w‖."""
    mean, count = rows.mean(axis=0), len(rows)
    radius = c * np.linalg.norm(mean)
    solved = minimize(
        lambda w: w @ rows @ mean + radius * np.linalg.norm(w @ rows),
        np.full(count, 1 / count),
        bounds=[(0, 1)] * count,
        constraints={"type": "eq", "fun": lambda w: w.sum() - 1},
        options={"ftol": 1e-15, "maxiter": 1000},
    )
    combined = solved.x @ rows
    return mean + radius * combined / np.linalg.norm(combined)


@pytest.mark.parametrize("c", [0.1, 0.4, 0.9])
@pytest.mark.parametrize("count", [2, 3, 5])
@pytest.mark.parametrize("seed", range(3))
def test_it_agrees_with_a_general_solver(seed, count, c):
    rows = drawn(seed, count)
    update = conflict_averse(rows @ rows.T, c) @ rows
    assert update == pytest.approx(by_general_solver(rows, c), abs=1e-4)


@pytest.mark.parametrize("seed", range(5))
def test_no_update_in_the_ball_has_a_better_worst_case(seed):
    rows, c = drawn(seed, 4), 0.4
    mean = rows.mean(axis=0)
    radius = c * np.linalg.norm(mean)
    update = conflict_averse(rows @ rows.T, c) @ rows
    assert np.linalg.norm(update - mean) == pytest.approx(radius)
    steps = np.random.default_rng(seed).standard_normal((5000, 6))
    others = mean + radius * steps / np.linalg.norm(steps, axis=1, keepdims=True)
    assert (rows @ update).min() >= (others @ rows.T).min(axis=1).max() - 1e-9


def test_a_radius_of_zero_is_the_mean_and_a_mean_of_zero_stays():
    rows = drawn(0, 3)
    assert conflict_averse(rows @ rows.T, 0.0) == pytest.approx(np.full(3, 1 / 3))
    opposite = np.array([[1.0, 2.0], [-1.0, -2.0]])
    assert conflict_averse(opposite @ opposite.T, 0.4) @ opposite == pytest.approx([0.0, 0.0])


def test_a_negative_radius_is_refused():
    with pytest.raises(BadParameter, match="radius"):
        CAGrad((Term("joint"),), c=-0.1)
