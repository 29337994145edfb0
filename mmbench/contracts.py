"""What plugin modules receive and return."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from mmbench.gradients import assign, jacobians

if TYPE_CHECKING:
    from mmbench.data.part import Part
    from mmbench.tasks import Task
    from mmbench.training.step import Step, Training

__all__ = ["FusionOutput", "JacobianWeighting", "LossWeighting", "Sampling", "Term"]


@dataclass(frozen=True)
class FusionOutput:
    """What a fusion may return instead of a bare tensor.

    Attributes:
        fused: `(B, out_dim)`, or `(B, C)` logits from a fusion at the level `logits`.
        aux: name -> scalar loss that joins the objective as the term `aux:<name>`.
        weights: modality -> `(B,)`, how much each modality counted, for explanations.

    """

    fused: Tensor
    aux: Mapping[str, Tensor] = field(default_factory=dict)
    weights: Mapping[str, Tensor] = field(default_factory=dict)


@dataclass(frozen=True)
class Term:
    """One term of the joint loss.

    Attributes:
        name: `joint`, `uni:<m>`, `align:<i>-><j>` or `aux:<name>`.
        kind: the part of the name before the colon.
        coefficient: λ or w from the user's tables, None where the tables are silent.

    """

    name: str
    coefficient: float | None = None

    @property
    def kind(self) -> str:
        return self.name.partition(":")[0]

    @property
    def rest(self) -> str:
        """The part of the name after the colon: a modality, a pair, or an auxiliary loss."""
        return self.name.partition(":")[2]


class LossWeighting(nn.Module):
    """Chooses λ_i and w_ij, or combines or modulates gradients.

    A weighting overrides what it needs; each method's default does nothing more than its line says, and
    what costs a pass is paid for by the weightings that override it. State belongs in parameters and
    buffers, so that it is in `state_dict`.

    Attributes:
        rounds: optimiser steps on each batch: a method that alternates takes one a modality.
        constant: whether `forward` is Σ c·L with weights c that never change. Trainings that share a pass then
            give it their losses, (K,) a term, at once, for the sum over all of them.

    """

    rounds: int = 1
    constant: bool = False

    def __init__(self, terms: tuple[Term, ...]) -> None:
        super().__init__()
        self.terms = terms

    def begin(self, training: Training) -> None:
        """See the model and the training part once, before the optimiser is built."""

    def choose(self, batch: Part) -> Part:
        """The batch to train on, such as `batch.without("audio")`: the batch itself."""
        return batch

    def observe(self, step: Step) -> None:
        """See the batch's forward pass: features, predictions and the loss of each sample."""

    def forward(self, losses: Mapping[str, Tensor]) -> Tensor:
        """Combine the terms' scalar losses into one: their sum."""
        return torch.stack(list(losses.values())).sum()

    def backward(
        self, losses: Mapping[str, Tensor], groups: Mapping[str, list[nn.Parameter]]
    ) -> None:
        """Set `.grad` of every parameter: back-propagate the combined loss.

        `groups` are the model's declared parameter groups: `shared`, `encoder:<m>`, `head:<m>`, `align`.
        """
        self(losses).backward()

    def rates(self) -> dict[str, float]:
        """Factors on the learning rate of parameter groups, for the coming step: 1 for all."""
        return {}

    def after_step(self, losses: Mapping[str, Tensor]) -> None:
        """See the same batch's losses after the optimiser's step; costs a forward pass if overridden."""

    def end_epoch(self, train: Mapping[str, float], validation: Mapping[str, float]) -> None:
        """See the epoch's mean loss per term."""

    def weights(self) -> dict[str, float]:
        """The weight in force on each term, for the record; empty where it has none."""
        return {}


class JacobianWeighting(LossWeighting):
    """Combines the gradients that the terms have on each group of parameters.

    Several trainings can share a pass, which finds the gradients of all of them, and asks each one's weighting.
    """

    def wanted(self, losses: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """The losses whose gradients are needed, each of which costs a backward pass: all."""
        return dict(losses)

    def update(
        self, losses: Mapping[str, Tensor], gradients: Mapping[str, Mapping[str, Tensor]]
    ) -> dict[str, Tensor]:
        """Group -> what is descended there, `(n,)`; zeros where it is left out.

        Args:
            losses: term -> scalar.
            gradients: group -> term -> `(n,)`; a term that does not reach a group has no entry there.

        """
        raise NotImplementedError

    def backward(
        self, losses: Mapping[str, Tensor], groups: Mapping[str, list[nn.Parameter]]
    ) -> None:
        """Set `.grad` of every parameter to the update."""
        assign(groups, self.update(losses, jacobians(self.wanted(losses), groups)))


class Sampling:
    """Which training samples an epoch visits, and how much each counts: every one, once."""

    def fit(self, train: Part, task: Task) -> None:
        """See the training part once, before training."""
        self.size = len(train)

    def epoch(self, generator: torch.Generator) -> Tensor:
        """Places in the training part, (K,), in the order of an epoch; drawn from `generator` only."""
        return torch.randperm(self.size, generator=generator)

    def weights(self) -> Tensor | None:
        """How much each sample of the training part counts in the loss, (N,), around 1; None: all the same."""
        return None
