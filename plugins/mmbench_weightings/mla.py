"""Alternating unimodal adaptation with one head, which unlearns nothing of the other modalities."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor, nn

from mmbench.contracts import Term
from mmbench.gradients import assign
from mmbench.training.step import Step, Training
from mmbench_weightings.backpropagation import gradients, of_kind, require_finite
from mmbench_weightings.samples import counted, mean_of
from mmbench_weightings.turns import Turns

__all__ = ["MLA", "projection"]

ALPHA = 1e-6
"""Against a division by zero: the projection is exact up to it."""


class MLA(Turns):
    """Multimodal learning with alternating unimodal adaptation; Zhang 2024, CVPR, arXiv:2311.10707.

    In the turn of modality m its encoder and the head that all modalities share learn from L_m. The gradient
    of the head's weight is multiplied by P, which starts as the identity and for each other modality's mean
    feature h of the batch becomes

        P ← P − (P h)(P h)ᵀ / (α + hᵀ P h),

    so that, to first order, the head says of those features what it said before. (AdamW rescales the projected
    gradient entry by entry, and so keeps this only roughly.) The paper accumulates P over the training; here it
    begins anew in each turn, with all M−1 other modalities, each of which has learned since the last turn of
    m; with two that is the modality before. P is thus never used up, and is no part of the state.

    The paper predicts by entropy-weighted unimodal predictions. Here the fusion that is compared predicts: it
    learns in every turn from L_joint and its auxiliary losses, which do not reach the fused modalities' encoders.
    An alignment i->j teaches encoder i in its turn. Heads are tied before training: theirs is one
    `nn.Linear`, in the group of the first modality.

    Cost: M steps of the optimiser a batch, each with a forward pass and two short backward passes: through
    one encoder, and through the fusion.
    """

    def __init__(self, terms: tuple[Term, ...]) -> None:
        super().__init__(terms)
        # In a tuple: as an attribute, the head's weight would become a parameter of this module.
        self._projected: tuple[nn.Parameter, Tensor] | None = None

    def begin(self, training: Training) -> None:
        """Tie the heads."""
        heads = training.model.unimodal_heads
        for name in self._modalities:
            heads[f"@{name}"] = heads[f"@{self._modalities[0]}"]

    def observe(self, step: Step) -> None:
        """Take the mean features of the modalities whose turn it is not."""
        now = self._modalities[int(self.turn)]
        weight = step.model.unimodal_heads[f"@{now}"].get_parameter("weight")
        means = [
            mean_of(feature.detach(), counted(step.batch, name, feature))
            for name, feature in step.outputs.features.items()
            if name in self._modalities and name != now
        ]
        self._projected = weight, projection(means, weight)

    def backward(
        self, losses: Mapping[str, Tensor], groups: Mapping[str, list[nn.Parameter]]
    ) -> None:
        require_finite(losses, self._weights)
        place = int(self.turn)
        now, resting = self._modalities[place], self.resting(place)
        own = {
            name: c
            for name, c in of_kind(self._weights, "uni", "align").items()
            if name == f"uni:{now}" or name.startswith(f"align:{now}->")
        }
        active = {name: group for name, group in groups.items() if name not in resting}
        common = {name: group for name, group in active.items() if name != f"encoder:{now}"}
        found = gradients(losses, own, active)
        fused = gradients(losses, of_kind(self._weights, "joint", "aux"), common)
        assign(groups, found | {name: found[name] + more for name, more in fused.items()})
        self._project()
        self.pass_on()

    def resting(self, turn: int) -> list[str]:
        """The encoders of the other modalities."""
        return [f"encoder:{name}" for place, name in enumerate(self._modalities) if place != turn]

    def _project(self) -> None:
        if self._projected is not None:
            weight, p = self._projected
            weight.grad = None if weight.grad is None else weight.grad @ p
        self._projected = None


def projection(means: Sequence[Tensor], like: Tensor) -> Tensor:
    """P (D, D), symmetric, from the mean features (D,) of other modalities; `like` is (C, D)."""
    p = torch.eye(like.shape[1], dtype=like.dtype, device=like.device)
    for mean in means:
        seen = p @ mean
        p = p - torch.outer(seen, seen) / (ALPHA + mean @ seen)
    return p
