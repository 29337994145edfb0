"""What a weighting may look at: the training as a whole, and one step of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from torch import Tensor

from mmbench.contracts import Term
from mmbench.data.part import Part
from mmbench.data.sealed import TrainingData
from mmbench.model import FusionModel, Outputs
from mmbench.objective import sample_losses
from mmbench.tasks import Task

__all__ = ["Settings", "Step", "Training"]


@dataclass(frozen=True)
class Settings:
    """How one trial trains.

    Attributes:
        epochs: at most.
        patience: epochs without a better validation score before it stops.
        batch_size: samples per step.
        lr: peak learning rate of AdamW under a one-cycle schedule.
        weight_decay: of AdamW.
        clip: gradients are scaled to at most this norm.
        seed: of the order of data and of dropout.

    """

    epochs: int
    patience: int
    batch_size: int
    lr: float
    weight_decay: float
    seed: int
    clip: float = 5.0


@dataclass(frozen=True)
class Step:
    """The forward pass of one batch.

    Attributes:
        batch: what was trained on.
        outputs: features, unimodal predictions and the prediction.
        model: in training mode.
        task: owns the loss.
        terms: of the objective and of the fusion.

    """

    batch: Part
    outputs: Outputs
    model: FusionModel
    task: Task
    terms: tuple[Term, ...]

    @cached_property
    def sample_losses(self) -> dict[str, Tensor]:
        """`joint` and `uni:<m>` -> the loss of each sample, (B,), for the terms that the objective has."""
        return sample_losses(self.outputs, self.batch, self.task, self.terms)

    def again(self, batch: Part) -> Step:
        """One more forward pass, of a changed batch."""
        return Step(batch, self.model(batch), self.model, self.task, self.terms)


@dataclass(frozen=True)
class Training:
    """All that a weighting may see before the first step.

    Attributes:
        model: freshly initialised.
        task: owns the loss.
        data: training and validation part.
        terms: of the objective and of the fusion.
        settings: of this trial.
        fit_alone: trains a copy of one modality's encoder and head by themselves.

    """

    model: FusionModel
    task: Task
    data: TrainingData
    terms: tuple[Term, ...]
    settings: Settings
    fit_alone: Callable[[str, Settings], FusionModel]

    def alone(self, modality: str, **changed: Any) -> FusionModel:
        """A trained model of this modality alone, from the same initial encoder and unimodal head.

        Its prediction is the head's. It trains under the same settings, but for those that are changed, and
        leaves the state of the random generator as it was.
        """
        return self.fit_alone(modality, replace(self.settings, **changed))
