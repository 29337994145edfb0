"""A registration as the harness uses it: built, fed and called."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn

from mmbench.registrations import Alignment, Encoder, Fusion, Registration
from mmbench.testing.batches import Batch

__all__ = ["Subject", "dot", "subjects_of"]

_NUDGE = 0.1


class Subject(ABC):
    """One way of building a registration's module, with inputs that suit it."""

    label: str = ""
    """Says which way, for messages."""

    @abstractmethod
    def make(self, params: Mapping[str, Any]) -> nn.Module:
        """Build the module with hyperparameters."""

    @abstractmethod
    def batch(self, size: int = 5, seed: int = 1) -> Batch:
        """Inputs in double precision."""

    @abstractmethod
    def call(self, module: nn.Module, batch: Batch) -> Tensor:
        """What the module gives, as one tensor."""

    def training_batches(self, size: int, seed: int) -> list[Batch]:
        """Batches that between them need every parameter."""
        return [self.batch(size, seed)]

    def loss(self, module: nn.Module, batch: Batch) -> Tensor:
        """A scalar that depends on every number the module gives."""
        return dot(self.call(module, batch))

    def build(
        self, seed: int = 0, *, training: bool = False, params: Mapping[str, Any] | None = None
    ) -> nn.Module:
        """Build in double precision, parameters nudged so that zeros at the start hide nothing."""
        torch.manual_seed(seed)
        module = self.make(params or {}).double().train(training)
        with torch.no_grad():
            for parameter in module.parameters():
                parameter.add_(_NUDGE * torch.randn_like(parameter))
        return module

    def seeded(self, module: nn.Module, batch: Batch, seed: int = 0) -> Tensor:
        """`call` from a fixed state of torch's generator."""
        torch.manual_seed(seed)
        return self.call(module, batch)


def dot(values: Tensor) -> Tensor:
    """Σ c · values with c that differ, so that no sum cancels by symmetry, and that draw nothing."""
    places = torch.arange(1, values.numel() + 1, dtype=values.dtype, device=values.device)
    return (places.cos().reshape(values.shape) * values).sum()


def subjects_of(registration: Registration) -> list[Subject]:
    """The ways of building a registration: each number of modalities, or each kind of input."""
    if isinstance(registration, Fusion):
        from mmbench.testing.fusion_subject import fusion_subjects

        return [*fusion_subjects(registration)]
    if isinstance(registration, Encoder):
        from mmbench.testing.encoder_subject import encoder_subjects

        return [*encoder_subjects(registration)]
    if isinstance(registration, Alignment):
        from mmbench.testing.alignment_subject import AlignmentSubject

        return [AlignmentSubject(registration)]
    raise TypeError(f"Expected a fusion, an encoder or an alignment. Found a {registration.kind}.")
