"""Small linear algebra on the inner products of gradients."""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np
import numpy.typing as npt
from scipy.optimize import nnls
from torch import Tensor

from mmbench.errors import NonFiniteError

__all__ = [
    "Array",
    "inner_products",
    "min_norm_point",
    "non_negative",
    "normalised",
    "require_finite_gradients",
    "square_root",
]

Array = npt.NDArray[np.float64]


def inner_products(rows: Tensor) -> Tensor:
    """G (m, m), on the CPU, of gradients (m, n).

    Summed in double precision and rounded to the gradients' own, so that a method's tolerance for
    rank knows how exact they are.
    """
    wide = rows.double()
    return (wide @ wide.T).to("cpu", rows.dtype)


def require_finite_gradients(squares: Mapping[str, float]) -> None:
    """Check the squared lengths of the terms' gradients.

    Raises:
        NonFiniteError: naming the first term whose gradient is NaN, infinite or too long to square.

    """
    for name, square in squares.items():
        if not math.isfinite(square):
            raise NonFiniteError(
                f"Expected a finite gradient. Found one of {name} with a squared length of {square}. "
                f"Lower the learning rate, or look at that loss."
            )


def normalised(gramian: Tensor) -> tuple[Tensor, Tensor]:
    """The cosines (m, m) between gradients, and their lengths (m,)."""
    lengths = gramian.diagonal().sqrt()
    return gramian / lengths.outer(lengths), lengths


def square_root(gramian: Array) -> Array:
    """Columns (m, m) with the inner products of `gramian`.

    Taken from the cosines, where rounding is as large for a short gradient as for a long one; what it
    made negative counts as 0.
    """
    lengths = np.sqrt(np.diagonal(gramian))
    scale = np.where(lengths > 0, lengths, 1.0)
    values, vectors = np.linalg.eigh(gramian / np.outer(scale, scale))
    root: Array = np.sqrt(np.clip(values, 0, None))[:, None] * vectors.T * lengths
    return root


def non_negative(system: Array, target: Array) -> Array:
    """The x ≥ 0 (m,) with the least ‖A x − b‖, for A (d, m) and b (d,)."""
    # Three steps a column, scipy's limit, were too few for one system in a thousand; ten did.
    found: Array = nnls(system, target, maxiter=100 * system.shape[1])[0]
    return found


def min_norm_point(points: Array) -> Array:
    """The convex weights (m,) of the point nearest to 0 in the hull of the columns of (d, m).

    With u = s w and Σw = 1, the least of ‖P u‖² + (1 − Σu)² over u ≥ 0 is ‖P w‖² / (1 + ‖P w‖²) at
    the best s, and so has the w of least ‖P w‖: one non-negative least squares problem.
    """
    scale = np.linalg.norm(points) or 1.0
    system = np.vstack([points / scale, np.ones(points.shape[1])])
    target = np.append(np.zeros(len(points)), 1.0)
    weights = non_negative(system, target)
    weights /= weights.sum()
    return weights
