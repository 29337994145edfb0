from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from mmbench.errors import NonFiniteError
from mmbench_weightings.gramian import (
    inner_products,
    min_norm_point,
    non_negative,
    normalised,
    require_finite_gradients,
    square_root,
)


def drawn(seed, count, size, ratio=1.0):
    rng = np.random.default_rng(seed)
    lengths = ratio ** rng.uniform(size=(count, 1))
    return rng.standard_normal((count, size)) * lengths


def test_inner_products_keep_the_precision_of_the_rows():
    rows = torch.tensor([[1.0, 2.0], [3.0, -1.0]])
    assert inner_products(rows).tolist() == [[5.0, 1.0], [1.0, 10.0]]
    assert inner_products(rows).dtype == torch.float32
    cosines, lengths = normalised(inner_products(rows.double()))
    assert lengths.numpy() == pytest.approx([5**0.5, 10**0.5])
    assert cosines.numpy() == pytest.approx(np.array([[1, 1 / 50**0.5], [1 / 50**0.5, 1]]))


def test_the_square_root_has_the_inner_products():
    gramian = drawn(0, 5, 3) @ drawn(0, 5, 3).T
    root = square_root(gramian)
    assert root.T @ root == pytest.approx(gramian)
    assert np.isfinite(square_root(gramian - 1e-9 * np.eye(5))).all()


def test_the_square_root_keeps_short_gradients_beside_long_ones():
    rows = drawn(1, 4, 6) * np.array([[1.0], [1e8], [1e8], [1e8]])
    gramian = (rows @ rows.T).astype(np.float32).astype(float)
    root = square_root(gramian)
    assert root.T @ root == pytest.approx(gramian, rel=1e-6)


def test_a_gradient_that_is_not_finite_is_named():
    with pytest.raises(NonFiniteError, match="uni:text"):
        require_finite_gradients({"joint": 1.0, "uni:text": float("inf")})


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10**6), st.integers(1, 9), st.integers(1, 12), st.sampled_from([1, 100, 1e4]))
def test_no_point_of_the_hull_is_nearer(seed, count, size, ratio):
    points = drawn(seed, count, size, ratio).T
    weights = min_norm_point(points)
    assert weights.sum() == pytest.approx(1)
    assert weights.min() >= 0
    nearest = points @ weights
    # Every corner lies beyond the plane through the point that faces 0: necessary and sufficient.
    assert (points.T @ nearest >= nearest @ nearest - 1e-9 * np.square(points).sum()).all()


@pytest.mark.parametrize(("seed", "count", "size"), [(119, 12, 3), (22, 12, 5), (110, 14, 3)])
def test_least_squares_do_not_stop_early(seed, count, size):
    """Some of the few systems found on which scipy's own limit of steps is too low."""
    rows = drawn(seed, count, size, 1e4)
    nearest, expected = (
        np.linalg.norm(min_norm_point(points) @ rows)
        for points in (square_root(rows @ rows.T), rows.T)
    )
    assert nearest == pytest.approx(expected, abs=1e-8 * np.linalg.norm(rows, axis=1).min())


def test_non_negative_least_squares():
    assert non_negative(np.eye(2), np.array([1.0, -1.0])).tolist() == [1.0, 0.0]
