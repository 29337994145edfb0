"""Gradients of one sign a coordinate."""

from __future__ import annotations

import torch
from torch import Tensor
from torchjd.aggregation import GradDrop as Dropped

from mmbench.contracts import Term
from mmbench.errors import BadParameter
from mmbench_weightings.gradients import GradientWeighting

__all__ = ["GradDrop"]


class GradDrop(GradientWeighting):
    """Gradient sign dropout; Chen 2020, NeurIPS, arXiv:2010.06808.

    Each coordinate of the update sums the gradients of one sign: of the positive one with probability
    P = ½ (1 + Σg / Σ|g|), the positive sign purity. The paper works on the gradients of activations;
    here, as in torchjd, on those of the parameters. Any m. Cost: a backward pass a term.

    Args:
        leak: share of each gradient that passes whatever its sign.

    """

    def __init__(
        self, terms: tuple[Term, ...], leak: float = 0.0, match_norm: bool = False
    ) -> None:
        super().__init__(terms, match_norm)
        if not 0 <= leak <= 1:
            raise BadParameter(f"Expected a leak in [0, 1]. Found {leak}. Pass leak=0.0 for none.")
        self.leak = leak

    def aggregate(self, rows: Tensor, gramian: Tensor) -> tuple[Tensor, Tensor | None]:
        leak = torch.full_like(rows[:, 0], self.leak)
        return Dropped(leak=leak)(rows), None

    def weights(self) -> dict[str, float]:
        """None: a gradient is dropped coordinate by coordinate."""
        return {}
