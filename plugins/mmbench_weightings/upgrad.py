"""Gradients that are projected into the cone where no loss rises."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor
from torchjd.aggregation import UPGradWeighting
from torchjd.linalg import DualConeProjector

from mmbench.contracts import Term
from mmbench_weightings.gradients import GradientWeighting
from mmbench_weightings.gramian import non_negative, normalised, square_root

__all__ = ["UPGrad"]


class UPGrad(GradientWeighting):
    """The mean of the gradients, each projected onto {d: g_k·d ≥ 0 for all k}.

    Quinton and Rey 2024, arXiv:2406.16232. Any m. Cost: a backward pass a term.
    """

    def __init__(self, terms: tuple[Term, ...], match_norm: bool = False) -> None:
        super().__init__(terms, match_norm)
        self._projected = UPGradWeighting(projector=_LeastSquares())

    def combine(self, gramian: Tensor) -> Tensor:
        return self._projected(gramian)


class _LeastSquares(DualConeProjector):
    """The v ≥ u with the least vᵀ G v, by non-negative least squares instead of quadprog.

    On cosines, with v and u times the gradients' lengths, so that no ridge is needed that would move
    the solution where lengths differ.
    """

    def __call__(self, u: Tensor, gramian: Tensor) -> Tensor:
        cosines, lengths = normalised(gramian)
        root = square_root(cosines.double().numpy())
        starts = (u * lengths).double().numpy()
        found = np.stack([start + non_negative(root, -root @ start) for start in starts])
        return torch.from_numpy(found).to(gramian) / lengths
