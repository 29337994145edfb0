"""A small joint model, for the weightings that look at one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import pytest
import torch
from torch import Tensor, nn

from mmbench import Term
from mmbench.contracts import LossWeighting, Sampling
from mmbench.data.part import Part
from mmbench.data.sealed import TrainingData
from mmbench.model import FusionModel
from mmbench.objective import losses
from mmbench.tasks import Task
from mmbench.testing.joint_model import joint_data, joint_model, joint_task, joint_terms
from mmbench.training.loop import Trainer, training_of
from mmbench.training.step import Settings, Step, Training


@dataclass(frozen=True)
class Joint:
    model: FusionModel
    task: Task
    data: TrainingData
    terms: tuple[Term, ...]
    settings: Settings

    @property
    def objective(self) -> tuple[Term, ...]:
        """The terms without the fusion's own."""
        return tuple(term for term in self.terms if term.kind != "aux")

    @property
    def groups(self) -> dict[str, list[nn.Parameter]]:
        return self.model.parameter_groups()

    def step(self, part: Part | None = None) -> Step:
        batch = self.data.train if part is None else part
        return Step(batch, self.model(batch), self.model, self.task, self.objective)

    def losses(self, step: Step) -> dict[str, Tensor]:
        return losses(self.model, step.outputs, step.batch, self.task, self.objective)

    def backward(self, weighting: LossWeighting, part: Part | None = None) -> None:
        """As the training loop does up to the optimiser's step."""
        self.model.zero_grad()
        step = self.step(part)
        weighting.observe(step)
        weighting.backward(self.losses(step), self.groups)

    def gradients(self, group: str) -> Tensor:
        """What `backward` has set, flat."""
        return torch.cat([p.grad.flatten() for p in self.groups[group]])

    def gradient(self, loss: Tensor, group: str) -> Tensor:
        """The gradient of a loss, flat, zeros where it does not arrive."""
        found = torch.autograd.grad(
            loss, self.groups[group], retain_graph=True, materialize_grads=True, allow_unused=True
        )
        return torch.cat([piece.flatten() for piece in found])

    def training(self) -> Training:
        return training_of(self.model, self.task, self.data, self.terms, self.settings)

    def trainer(self, weighting: LossWeighting) -> Trainer:
        return Trainer(
            self.model,
            weighting,
            self.objective,
            self.task,
            self.settings,
            Sampling(),
            self.data.train,
        )


@pytest.fixture
def joint() -> Callable[..., Joint]:
    """`joint(count, task)`: a model of `count` modalities `m0`, …, whose last is partly absent."""

    def make(count: int = 2, task: str = "classification", everywhere: bool = False) -> Joint:
        torch.manual_seed(count)
        fitted = joint_task(task, lambda loss: loss)
        model, data = joint_model(count, fitted, lambda loss: loss), joint_data(count, fitted)
        if everywhere:
            data = replace(data, train=replace(data.train, present={}))
        settings = Settings(epochs=2, patience=2, batch_size=12, lr=0.01, weight_decay=0.01, seed=0)
        return Joint(model, fitted, data, joint_terms(count), settings)

    return make
