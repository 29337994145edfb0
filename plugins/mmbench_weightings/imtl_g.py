"""An update with equal projections on all gradients."""

from __future__ import annotations

import torch
from torch import Tensor
from torchjd.aggregation import IMTLGWeighting

from mmbench.contracts import Term
from mmbench_weightings.gradients import GradientWeighting
from mmbench_weightings.gramian import normalised

__all__ = ["IMTLG"]

_FLOOR = 1e-6


class IMTLG(GradientWeighting):
    """Impartial multi-task learning, its gradient part: d = Σ w_k g_k, Σw = 1, with one d·g_k/‖g_k‖.

    Liu 2021, ICLR. Weights may be negative. With the cosines C, w_k ∝ (C⁺1)_k / ‖g_k‖, where C⁺ is
    the pseudo-inverse, so that losses whose gradients are parallel share a weight. At m ≥ 3 this sum
    of w can turn negative, and w with Σw = 1 would climb every loss; here |Σw| = 1 (this project's
    choice), which is the paper's formula wherever that one descends, at m = 2 always.

    It does not see coefficients c but through the length of d. Cost: a backward pass a term.
    """

    def __init__(self, terms: tuple[Term, ...], match_norm: bool = False) -> None:
        super().__init__(terms, match_norm)
        self._equal = IMTLGWeighting()

    def combine(self, gramian: Tensor) -> Tensor:
        cosines, lengths = normalised(gramian)
        weights: Tensor = self._equal(cosines) / lengths
        total = torch.maximum(weights.sum().abs(), _FLOOR * weights.abs().max())
        return weights / total.clamp(min=torch.finfo(weights.dtype).tiny)
