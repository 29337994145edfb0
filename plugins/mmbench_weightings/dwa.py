"""More weight for the terms that fall slowly."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor

from mmbench.contracts import Term
from mmbench.errors import BadParameter
from mmbench_weightings.scalar import Scalar, require_not_negative

__all__ = ["DWA"]

_SMALL = 1e-8  # a term that is zero in both epochs has not changed: 0 / 0 counts as 1


class DWA(Scalar):
    """Dynamic weight average: a = m · softmax(r / T), r_i = L_i(t−1) / L_i(t−2).

    Liu 2019, CVPR, arXiv:1803.10704. L_i(t) is the mean training loss of epoch t; the first two epochs weight
    all terms by 1. The ratio does not see the coefficient c, which multiplies the factor. One backward pass.

    torchjd has this method too, but leaves the losses of past epochs out of its state.

    Args:
        temperature: T; the higher, the more alike the weights.

    Raises:
        NotApplicable: if a mean loss is negative: the ratio of a loss that falls would be above 1.

    """

    history: Tensor

    def __init__(self, terms: tuple[Term, ...], temperature: float = 2.0) -> None:
        super().__init__(terms)
        if temperature <= 0:
            raise BadParameter(f"Expected a temperature above 0. Found {temperature}. Raise it.")
        self.temperature = temperature
        self.register_buffer("history", torch.full((2, len(self.kept)), torch.nan))

    def factors(self, losses: Tensor) -> Tensor:
        before, last = self.history.to(losses)
        if before.isnan().any():
            return torch.ones_like(losses)
        rates = (last + _SMALL) / (before + _SMALL)
        shares: Tensor = (rates / self.temperature).softmax(dim=0)
        return len(self.kept) * shares

    def end_epoch(self, train: Mapping[str, float], validation: Mapping[str, float]) -> None:
        means = self.history.new_tensor([train[name] for name in self.kept])
        means = require_not_negative("dwa", means, self.kept)
        self.history = torch.stack([self.history[1], means])
