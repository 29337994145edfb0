from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mmbench_weightings.fair_weights import fair_weights


def gradients(seed, count, ratio, shared=2.0):
    """Gradients whose lengths are up to `ratio` apart, with a common part so that they do not cancel."""
    rng = np.random.default_rng(seed)
    rows = rng.standard_normal((count, 40)) + shared * rng.standard_normal(40) / count
    return rows * np.geomspace(1, ratio, count)[:, None]


@settings(max_examples=80, deadline=None)
@given(
    st.integers(0, 10**6), st.integers(1, 9), st.sampled_from([1, 1e2, 1e4]), st.floats(0.5, 4.0)
)
def test_the_equation_holds(seed, count, ratio, alpha):
    rows = gradients(seed, count, ratio)
    x = fair_weights(rows @ rows.T, alpha)
    assert (x > 0).all()
    assert rows @ rows.T @ x * x ** (1 / alpha) == pytest.approx(np.ones(count), abs=1e-6)


def test_orthogonal_gradients_have_a_closed_form():
    squares = np.array([4.0, 0.01, 9.0])
    assert fair_weights(np.diag(squares), 2.0) == pytest.approx(squares ** (-2 / 3))


@pytest.mark.parametrize("alpha", [0.5, 1.0, 4.0])
def test_gradients_that_cancel_keep_finite_weights(alpha):
    rows = np.array([[1.0, 0.0], [-3.0, 0.0], [0.0, 1.0]])
    x = fair_weights(rows @ rows.T, alpha)
    assert np.isfinite(x).all()
    assert (x > 0).all()
    assert np.linalg.norm(x @ rows) < 10
