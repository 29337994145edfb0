"""Weights that let all terms fall at one rate."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor

from mmbench.contracts import Term
from mmbench_weightings.scalar import Scalar, require_not_negative

__all__ = ["FAMO"]

_SMALL = 1e-8  # added to a loss, as in the authors' code: a loss of 0 has no logarithm
_FIRST, _SECOND = 0.9, 0.999  # Adam's decays


class FAMO(Scalar):
    """Fast adaptive multitask optimisation: descend c Σ z_i log L_i, with z = softmax(ξ) learned from the change.

    a_i = c z_i / L_i with c = 1 / Σ z_j / L_j. After the step, ξ descends δ + γ ξ by Adam, where
    δ = Jᵀ (log L_before − log L_after), the same batch's losses, and J the Jacobian of softmax: a term that
    fell less gains weight. Liu 2023, NeurIPS, arXiv:2306.03792. The logarithm does not see the coefficient,
    which only drops a term, by c = 0. One backward pass and a second forward pass.

    torchjd has this method too, but leaves Adam's moments out of its state.

    Args:
        lr: of ξ.
        decay: γ, pulls the weights together.

    Raises:
        NotApplicable: if a loss is negative.

    """

    logits: Tensor
    first: Tensor
    second: Tensor
    steps: Tensor
    before: Tensor

    def __init__(self, terms: tuple[Term, ...], lr: float = 0.025, decay: float = 1e-3) -> None:
        super().__init__(terms)
        self.lr, self.decay = lr, decay
        for name in ("logits", "first", "second", "before"):
            self.register_buffer(name, torch.zeros(len(self.kept)))
        self.register_buffer("steps", torch.zeros(()))

    def factors(self, losses: Tensor) -> Tensor:
        self.before = require_not_negative("famo", losses, self.kept) + _SMALL
        ratios = self.logits.to(losses).softmax(dim=0) / self.before
        return ratios / ratios.sum()

    def after_step(self, losses: Mapping[str, Tensor]) -> None:
        after = require_not_negative("famo", self.scaled(losses).detach(), self.kept) + _SMALL
        change = (self.before.log() - after.log()).to(self.logits)
        z = self.logits.softmax(dim=0)
        self._descend(z * (change - (z * change).sum()) + self.decay * self.logits)

    def _descend(self, gradient: Tensor) -> None:
        """Adam's step on ξ; its moments are buffers, so that a resumed run has them."""
        self.steps = self.steps + 1
        self.first = _FIRST * self.first + (1 - _FIRST) * gradient
        self.second = _SECOND * self.second + (1 - _SECOND) * gradient.square()
        first = self.first / (1 - _FIRST**self.steps)
        second = self.second / (1 - _SECOND**self.steps)
        self.logits = self.logits - self.lr * first / (second.sqrt() + 1e-8)
