"""One weight per kind of term."""

from __future__ import annotations

from collections.abc import Mapping

from torch import Tensor

from mmbench.contracts import LossWeighting, Term
from mmbench_weightings.coefficients import complete, weighted_sum

__all__ = ["Fixed"]


class Fixed(LossWeighting):
    """Σ c L, with c from the user's tables and the kind's weight where they are silent.

    A weight of 0 drops the term.

    Args:
        joint: weight of the fused task loss.
        uni: weight of each modality's own task loss.
        align: weight of each cross-modal loss.
        aux: weight of each loss that a fusion brings.

    """

    constant = True

    def __init__(
        self,
        terms: tuple[Term, ...],
        joint: float = 1.0,
        uni: float = 0.3,
        align: float = 0.1,
        aux: float = 1.0,
    ) -> None:
        super().__init__(terms)
        silent = {"joint": joint, "uni": uni, "align": align, "aux": aux}
        self._weights = complete(terms, silent)

    def forward(self, losses: Mapping[str, Tensor]) -> Tensor:
        return weighted_sum(losses, self._weights)

    def weights(self) -> dict[str, float]:
        return dict(self._weights)
