"""Weights that share progress fairly between gradients."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from mmbench_weightings.gramian import Array, square_root

__all__ = ["fair_weights"]

_RIDGE = 1e-9
_EXACT = 1e-10
_ROUNDING = 1e-15
_ITERATIONS = 100
_SMALLEST = 1e-9


def fair_weights(gramian: Array, alpha: float = 1.0) -> Array:
    """The x > 0 (m,) with G x = x^{−1/α}, for the inner products G (m, m) of gradients.

    It is the minimum of the convex ½ xᵀG x − Σ φ(x), φ′(x) = x^{−1/α}, found by damped Newton steps
    on y = x · ‖g‖, where the cosines C stand for G: C y = κ y^{−1/α}, κ = ‖g‖^{1/α − 1}. So the ratio
    of the gradients' lengths, which ruins a solver on G, is out of the system before it is solved.
    Gradients that cancel, Σ w g = 0 with w ≥ 0, have no such x; a ridge of 1e-9 on C bounds it.
    """
    lengths: Array = np.sqrt(np.diagonal(gramian))
    root = square_root(gramian / np.outer(lengths, lengths))
    cosines = root.T @ root + _RIDGE * np.eye(len(lengths))
    kappa: Array = lengths ** (1 / alpha - 1)

    def slope(y: Array) -> Array:
        found: Array = cosines @ y - kappa * y ** (-1 / alpha)
        return found

    y: Array = kappa ** (alpha / (1 + alpha))  # the solution where gradients are orthogonal
    for _ in range(_ITERATIONS):
        pull = kappa * y ** (-1 / alpha)
        if np.all(np.abs(slope(y)) <= _EXACT * pull + _ROUNDING * (np.abs(cosines) @ y)):
            break
        step = np.linalg.solve(cosines + np.diag(pull / (alpha * y)), -slope(y))
        y += _damped(slope, y, step) * step
    return y / lengths


def _damped(slope: Callable[[Array], Array], y: Array, step: npt.NDArray[Any]) -> float:
    """How much of a step to go: y stays positive, and the slope along the step does not turn steep."""
    shrinking = np.max(-step / y)
    size = min(1.0, 0.99 / shrinking) if shrinking > 0 else 1.0
    steep = 0.5 * abs(step @ slope(y))
    while size > _SMALLEST and step @ slope(y + size * step) > steep:
        size /= 2
    return size
