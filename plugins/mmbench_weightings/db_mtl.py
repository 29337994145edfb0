"""Gradients of log losses, all as long as the longest."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

from mmbench.contracts import Term
from mmbench.errors import BadParameter
from mmbench_weightings.gradients import GradientWeighting, Rows
from mmbench_weightings.scalar import require_not_negative

__all__ = ["DBMTL"]

_EPSILON = 1e-8


class DBMTL(GradientWeighting):
    """Dual balancing: d = Σ a ĝ_k/‖ĝ_k‖, a = max ‖ĝ_k‖, ĝ_k ← β ĝ_k + (1−β) ∇ log(L_k + 1e-8).

    Lin 2023, arXiv:2308.12029. The logarithm levels the losses, the division their gradients, so that
    coefficients c only drop terms. The moving average ĝ starts at 0, and is kept where terms meet; a
    group that one term alone reaches takes the gradient of its log loss. β is constant, which is this
    project's choice. Any m. Cost: a backward pass a term, and memory of m gradients.

    Args:
        beta: how much of the past a gradient keeps, in [0, 1).
        match_norm: give the update of each group the length of Σ ĝ_k.

    Raises:
        NotApplicable: if a loss is negative.

    """

    def __init__(
        self, terms: tuple[Term, ...], beta: float = 0.9, match_norm: bool = False
    ) -> None:
        super().__init__(terms, match_norm)
        if not 0 <= beta < 1:
            raise BadParameter(
                f"Expected beta in [0, 1). Found {beta}. Pass beta=0.0 for no average."
            )
        self.beta = beta
        self._averages: dict[str, dict[str, Tensor]] = {}

    def rows(self, losses: Mapping[str, Tensor], gradients: Rows) -> Rows:
        names = list(losses)
        stacked = torch.stack([loss.detach() for loss in losses.values()])
        require_not_negative("db_mtl", stacked, names)
        found = {}
        for group, rows in gradients.items():
            # ∇ log L = ∇ L / L
            logs = {
                t: row / (losses[t].detach().clamp(min=0) + _EPSILON) for t, row in rows.items()
            }
            met = len(logs) > 1
            found[group] = {t: self._average(group, t, r) if met else r for t, r in logs.items()}
        return found

    def combine(self, gramian: Tensor) -> Tensor:
        lengths = gramian.diagonal().sqrt()
        return lengths.max() / lengths

    def weights(self) -> dict[str, float]:
        """The mean factors on the averaged gradients of the log losses."""
        factors = dict(zip(self.kept, self.factors.tolist(), strict=True))
        return {name: factors.get(name, 0.0) for name in self.coefficients}

    def get_extra_state(self) -> dict[str, dict[str, Tensor]]:
        """The moving averages, whose sizes only the model knows: no buffer could be made for them."""
        return self._averages

    def set_extra_state(self, state: Any) -> None:
        self._averages = {
            group: {term: average.clone() for term, average in averages.items()}
            for group, averages in state.items()
        }

    def _average(self, group: str, term: str, row: Tensor) -> Tensor:
        averages = self._averages.setdefault(group, {})
        past = averages.get(term, torch.zeros_like(row)).to(row)
        averages[term] = past.lerp(row, 1 - self.beta)
        return averages[term]
