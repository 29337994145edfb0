"""Scales learned so that all terms weigh the same."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor, nn

from mmbench.contracts import Term
from mmbench_weightings.scalar import Scalar, require_not_negative

__all__ = ["IMTLL"]


class IMTLL(Scalar):
    """The loss balance of impartial multi-task learning: Σ e^s c L − s, with s learned per term from 0.

    Liu 2021, ICLR. At the optimum e^s c L = 1 for every term: the coefficient decides where a term starts,
    and c = 0 drops it. One backward pass. It is twice `uncertainty` with s in place of −log σ².

    Raises:
        NotApplicable: if a loss is negative: its s would grow without end.

    """

    def __init__(self, terms: tuple[Term, ...]) -> None:
        super().__init__(terms)
        self.log_scales = nn.Parameter(torch.zeros(len(self.kept)))

    def forward(self, losses: Mapping[str, Tensor]) -> Tensor:
        scaled = self.scaled(losses)
        require_not_negative("imtl_l", scaled.detach(), self.kept)
        self.applied = self.factors(scaled.detach())
        return (self.log_scales.exp() * scaled - self.log_scales).sum()

    def factors(self, losses: Tensor) -> Tensor:
        return self.log_scales.detach().exp()
