"""Weights learned as homoscedastic uncertainty."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor, nn

from mmbench.contracts import LossWeighting, Term
from mmbench_weightings.coefficients import complete, kept

__all__ = ["Uncertainty"]


class Uncertainty(LossWeighting):
    """Σ ½ e^{−s} c L + ½ s, with s = log σ² learned per term from 0; Kendall 2018, CVPR.

    c is the user's coefficient, 1 where the tables are silent. It decides where a term starts: at
    the optimum s absorbs it. c = 0 drops a term. Losses must be bounded below by zero: s of one
    that stays negative grows without end.
    """

    def __init__(self, terms: tuple[Term, ...]) -> None:
        super().__init__(terms)
        self._coefficients = complete(terms, {})
        self._kept = kept(self._coefficients)
        self.log_variances = nn.Parameter(torch.zeros(len(self._kept)))

    def forward(self, losses: Mapping[str, Tensor]) -> Tensor:
        scaled = torch.stack([losses[name] * self._coefficients[name] for name in self._kept])
        return 0.5 * (torch.exp(-self.log_variances) * scaled + self.log_variances).sum()

    def weights(self) -> dict[str, float]:
        """½ e^{−s} c of each term."""
        precisions = (0.5 * torch.exp(-self.log_variances)).tolist()
        learned = {
            name: precision * self._coefficients[name]
            for name, precision in zip(self._kept, precisions, strict=True)
        }
        return {name: learned.get(name, 0.0) for name in self._coefficients}
