"""The best worst case near the mean gradient."""

from __future__ import annotations

import numpy as np
import torch
from scipy.optimize import brentq
from torch import Tensor

from mmbench.contracts import Term
from mmbench.errors import BadParameter
from mmbench_weightings.gradients import GradientWeighting
from mmbench_weightings.gramian import Array, min_norm_point, square_root

__all__ = ["CAGrad", "conflict_averse"]


class CAGrad(GradientWeighting):
    """Conflict-averse gradient descent: max over d of min_k g_k·d with ‖d − g_0‖ ≤ c ‖g_0‖.

    Liu 2021, NeurIPS, arXiv:2110.14048. g_0 is the mean gradient of the m terms that reach the group.
    Any m. torchjd's needs cvxpy; `conflict_averse` needs scipy. Cost: a backward pass a term.

    Args:
        c: radius of the ball around g_0; at 0 the update is g_0.

    """

    def __init__(self, terms: tuple[Term, ...], c: float = 0.4, match_norm: bool = False) -> None:
        super().__init__(terms, match_norm)
        if c < 0:
            raise BadParameter(f"Expected a radius c of 0 or more. Found {c}. Pass c=0.4.")
        self.c = c

    def combine(self, gramian: Tensor) -> Tensor:
        return torch.from_numpy(conflict_averse(gramian.double().numpy(), self.c))


def conflict_averse(gramian: Array, c: float) -> Array:
    """The weights (m,) of d = g_0 + s g_w/‖g_w‖, s = c ‖g_0‖, from inner products (m, m).

    Here w has the least g_w·g_0 + s ‖g_w‖ in the simplex. With s ‖g_w‖ = min over ρ of
    s (‖g_w‖²/ρ + ρ)/2, the w of a given ρ is that of the point of the hull of g_k + (ρ/s) g_0 nearest
    to 0. What is left is convex in ρ, with a slope of the sign of ρ − ‖g_w‖: one root gives the exact
    w. Where g_w = 0 the update is g_0, whose stationary points are those of the method at c < 1.
    """
    points = square_root(gramian)
    mean = points.mean(axis=1)
    radius = c * np.linalg.norm(mean)
    uniform: Array = np.full(len(gramian), 1 / len(gramian))
    if radius == 0:
        return uniform

    def nearest(rho: float) -> Array:
        return min_norm_point(points + rho / radius * mean[:, None])

    def gap(rho: float) -> float:
        return float(np.linalg.norm(points @ nearest(rho))) - rho

    longest = float(np.linalg.norm(points, axis=0).max())
    found = nearest(brentq(gap, 0.0, 2 * longest, xtol=1e-14 * longest))
    length = np.linalg.norm(points @ found)
    return uniform + radius / length * found if length > 0 else uniform
