"""Gradients that are projected where they conflict."""

from __future__ import annotations

from torch import Tensor
from torchjd.aggregation import PCGradWeighting

from mmbench.contracts import Term
from mmbench_weightings.gradients import GradientWeighting

__all__ = ["PCGrad"]


class PCGrad(GradientWeighting):
    """Projecting conflicting gradients; Yu 2020, NeurIPS, arXiv:2001.06782.

    Each g_i in turn loses its part along every g_j that it opposes, j in random order:
    g_i ← g_i − (g_i·g_j / ‖g_j‖²) g_j where g_i·g_j < 0. The update is their sum. Any m.
    Cost: a backward pass a term.
    """

    def __init__(self, terms: tuple[Term, ...], match_norm: bool = False) -> None:
        super().__init__(terms, match_norm)
        self._projected = PCGradWeighting()

    def combine(self, gramian: Tensor) -> Tensor:
        return self._projected(gramian)
