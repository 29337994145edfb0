"""Weights from how much each loss generalises and how much it overfits."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor

from mmbench.contracts import LossWeighting, Term
from mmbench.errors import BadParameter
from mmbench_weightings.backpropagation import of_kind
from mmbench_weightings.coefficients import complete, weighted_sum

__all__ = ["GradientBlending", "blend"]

NOISE = 0.05
"""A smaller change of the gap, as a share of the validation loss, is the noise of some hundred samples."""


class GradientBlending(LossWeighting):
    """w_k ∝ ΔG_k / ΔO_k² over {L_joint, L_1, …, L_M}; Wang 2020, CVPR, arXiv:1905.12681.

    ΔG is what the validation loss fell by, and ΔO what the gap O = L_validation − L_train grew by, between
    the ends of two super-epochs. Of all blends of gradients whose overfitting is independent, these weights
    have the least overfitting for what they generalise: they minimise Σ w²ΔO² / (Σ w ΔG)².

    The paper is stated for M modalities. Its online form trains a copy with each loss alone for one
    super-epoch; here the losses' own curves in the joint training are measured, which costs nothing.
    Where the text is silent: weights are 1 through the first super-epoch and have mean 1 after it; a loss
    that did not generalise (ΔG ≤ 0) gets 0; where none did, the weights stay; |ΔO| counts as at least 5 % of
    the validation loss, since a gap that happens to stand still would take all. Other terms keep their
    coefficient. A coefficient decides only whether a blended loss takes part: ΔG / ΔO² absorbs its size.

    Cost: one backward pass.

    Args:
        super_epoch: epochs between two measurements.

    """

    shares: Tensor
    start: Tensor
    epochs: Tensor

    def __init__(self, terms: tuple[Term, ...], super_epoch: int = 3) -> None:
        super().__init__(terms)
        if super_epoch < 1:
            raise BadParameter(
                f"Expected super_epoch to be at least 1. Found {super_epoch}. Raise it."
            )
        self.super_epoch = super_epoch
        self._coefficients = complete(terms, {})
        self._blended = list(of_kind(self._coefficients, "joint", "uni"))
        self.register_buffer("shares", torch.ones(len(self._blended)))
        self.register_buffer("start", torch.zeros(2, len(self._blended)))
        self.register_buffer("epochs", torch.tensor(0))

    def forward(self, losses: Mapping[str, Tensor]) -> Tensor:
        return weighted_sum(losses, self.weights())

    def end_epoch(self, train: Mapping[str, float], validation: Mapping[str, float]) -> None:
        """Measure and blend at the end of each super-epoch; the first begins after epoch 1."""
        if self._blended and int(self.epochs) % self.super_epoch == 0:
            now = self.start.new_tensor(
                [[means[name] for name in self._blended] for means in (train, validation)]
            )
            if self.epochs > 0:
                self.shares.copy_(blend(self.start, now, self.shares))
            self.start.copy_(now)
        self.epochs += 1

    def weights(self) -> dict[str, float]:
        shares = dict(zip(self._blended, self.shares.tolist(), strict=True))
        return {name: c * shares.get(name, 1.0) for name, c in self._coefficients.items()}


def blend(start: Tensor, now: Tensor, before: Tensor) -> Tensor:
    """Weights (K,) of mean 1 from losses (2, K), training above validation, at two times."""
    generalised = start[1] - now[1]
    overfitted = (now[1] - now[0]) - (start[1] - start[0])
    least = NOISE * now[1].abs().clamp(min=torch.finfo(now.dtype).eps)
    shares = generalised.clamp(min=0) / torch.maximum(overfitted.abs(), least).square()
    total = shares.sum()
    return torch.where(total > 0, shares * len(shares) / total, before)
