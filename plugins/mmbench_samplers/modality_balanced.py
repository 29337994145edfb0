"""Modalities seen equally often."""

from __future__ import annotations

import torch
from torch import Tensor

from mmbench import Sampling
from mmbench.data.part import Part
from mmbench.tasks import Task
from mmbench_samplers.draws import draw

__all__ = ["ModalityBalanced"]


class ModalityBalanced(Sampling):
    """A sample's chance is 1 / (share of the training part that has its scarcest modality).

    A modality that a tenth of the part has is then seen about as often as one that all have. Data in
    which no modality is ever absent are visited once each.
    """

    def fit(self, train: Part, task: Task) -> None:
        super().fit(train, task)
        self.chances: Tensor | None = None
        scarce = [here.cpu() for here in train.present.values() if not bool(here.all())]
        if scarce:
            here = torch.stack(scarce, dim=1).float()
            shares = here.mean(dim=0).clamp(min=1 / len(here))
            self.chances = torch.where(here > 0, 1 / shares, 1.0).amax(dim=1)

    def epoch(self, generator: torch.Generator) -> Tensor:
        return super().epoch(generator) if self.chances is None else draw(self.chances, generator)
