"""The plain sum of the terms."""

from __future__ import annotations

from collections.abc import Mapping

from torch import Tensor

from mmbench.contracts import LossWeighting, Term
from mmbench_weightings.coefficients import complete, weighted_sum

__all__ = ["Equal"]


class Equal(LossWeighting):
    """Σ c L, with c from the user's tables and 1 where they are silent; c = 0 drops a term."""

    constant = True

    def __init__(self, terms: tuple[Term, ...]) -> None:
        super().__init__(terms)
        self._weights = complete(terms, {})

    def forward(self, losses: Mapping[str, Tensor]) -> Tensor:
        return weighted_sum(losses, self._weights)

    def weights(self) -> dict[str, float]:
        return dict(self._weights)
