"""Gradients whose principal components are made equal."""

from __future__ import annotations

from torch import Tensor
from torchjd.aggregation import AlignedMTLWeighting

from mmbench.contracts import Term
from mmbench_weightings.gradients import GradientWeighting

__all__ = ["AlignedMTL"]


class AlignedMTL(GradientWeighting):
    """Independent component alignment: weights B 1/m, B = √λ_min Σ_k λ_k^{−½} v_k v_kᵀ.

    Senushkin 2023, CVPR. λ, v are the eigenvalues above rounding, and vectors, of the inner products of
    the gradients; so B turns the gradients into orthogonal ones, each √λ_min long, at the least change.
    Any m. Cost: a backward pass a term.
    """

    def __init__(self, terms: tuple[Term, ...], match_norm: bool = False) -> None:
        super().__init__(terms, match_norm)
        self._aligned = AlignedMTLWeighting()

    def combine(self, gramian: Tensor) -> Tensor:
        return self._aligned(gramian)
