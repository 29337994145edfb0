"""A fusion, built for some number of modalities and given what its level says."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from mmbench.contracts import FusionOutput
from mmbench.errors import PluginError
from mmbench.registrations import Fusion
from mmbench.tasks import TASKS, Task
from mmbench.testing.batches import Batch
from mmbench.testing.results import Violation
from mmbench.testing.subjects import Subject, dot

__all__ = ["FusionSubject", "fusion_subjects"]

MODALITIES = ("audio", "image", "text", "video")
_SIZES = (8, 16, 12, 24)
_STEPS = (4, 6, 5, 3)
_ONE_TIME_BASE = 12
_FUSED = 16
_CLASSES = 3


class FusionSubject(Subject):
    """A fusion of the modalities `names`, of these feature sizes and numbers of tokens."""

    def __init__(
        self,
        fusion: Fusion,
        names: tuple[str, ...],
        sizes: tuple[int, ...] = _SIZES,
        steps: tuple[int, ...] = _STEPS,
    ) -> None:
        self.fusion, self.names, self.steps = fusion, names, steps
        self.decides = fusion.level in ("logits", "none")
        self.task = TASKS[fusion.tasks[0] if fusion.tasks else "classification"]()
        self.targets = _targets(self.task)
        self.out_dim = self.task.head_size if self.decides else _FUSED
        if fusion.level == "logits":
            sizes = (self.out_dim,) * len(names)
        self.dims = dict(zip(names, sizes, strict=False))
        self.label = f"M = {len(names)}"

    def make(self, params: Mapping[str, Any]) -> nn.Module:
        params = dict(params)
        if self.fusion.per_modality == "named":
            params["modality"] = self.names[0]
        module = self.fusion.load()(dict(sorted(self.dims.items())), self.out_dim, **params)
        if not isinstance(module, nn.Module):
            raise Violation(
                f"Expected fusion {self.fusion.name!r} to give a torch.nn.Module. "
                f"Found {type(module).__name__}. Derive its class from torch.nn.Module."
            )
        initialise = getattr(module, "initialise", None)
        if initialise is not None:  # as training does
            initialise(self.task, self.targets.clone())
        return module

    def batch(self, size: int = 5, seed: int = 1) -> Batch:
        generator = torch.Generator().manual_seed(seed)
        values = {
            name: torch.randn(
                size, *self._shape(place, dim), generator=generator, dtype=torch.float64
            )
            for place, (name, dim) in enumerate(self.dims.items())
        }
        return Batch(
            size,
            values,
            {name: torch.ones(x.shape[:2], dtype=torch.bool) for name, x in values.items()}
            if self.has_masks
            else {},
            {name: torch.ones(size, dtype=torch.bool) for name in values},
            self.targets[torch.randint(len(self.targets), (size,), generator=generator)],
        )

    def training_batches(self, size: int, seed: int) -> list[Batch]:
        """One whole, and one with each modality absent from every second sample."""
        whole, second = self.batch(size, seed), torch.arange(size) % 2 == 1
        return [whole, *(whole.without(name, second) for name in self.names)]

    @property
    def has_masks(self) -> bool:
        return self.fusion.level in ("tokens", "input")

    def call(self, module: nn.Module, batch: Batch) -> Tensor:
        return self.output(module, batch).fused

    def loss(self, module: nn.Module, batch: Batch) -> Tensor:
        output = self.output(module, batch)
        return dot(output.fused) + sum(output.aux.values(), start=torch.zeros(()).to(output.fused))

    def output(self, module: nn.Module, batch: Batch) -> FusionOutput:
        """What the fusion returns, given what it asks for."""
        asked = inspect.signature(module.forward).parameters
        more: dict[str, Any] = {}
        if "presence" in asked:
            more["presence"] = dict(batch.presence)
        if "targets" in asked:
            more["targets"] = batch.targets if module.training else None
        output = module(*self._arguments(batch), **more)
        if isinstance(output, Tensor):
            return FusionOutput(output)
        if not isinstance(output, FusionOutput):
            raise Violation(
                f"Expected forward to return a Tensor or mmbench.FusionOutput. "
                f"Found {type(output).__name__}. Return one of the two."
            )
        return output

    def _arguments(self, batch: Batch) -> tuple[object, ...]:
        if self.fusion.level == "none":
            return (batch.size,)
        if self.has_masks:
            return (dict(batch.values), dict(batch.masks))
        return (dict(batch.values),)

    def _shape(self, place: int, dim: int) -> tuple[int, ...]:
        if self.fusion.level == "tokens":
            return (self.steps[place], dim)
        return (_ONE_TIME_BASE, dim) if self.fusion.level == "input" else (dim,)


def fusion_subjects(fusion: Fusion) -> list[FusionSubject]:
    """One for each number of modalities that the fusion accepts, of 1 to 4.

    Raises:
        Violation: if it refuses them all.

    """
    if fusion.level == "none":
        return [FusionSubject(fusion, ())]
    counts = (1,) if fusion.per_modality == "alone" else (1, 2, 3, 4)
    accepted, refusals = [], []
    for count in counts:
        subject = FusionSubject(fusion, MODALITIES[:count])
        try:
            subject.build()
        except Violation:
            raise
        except PluginError as refusal:  # a fusion may say that it needs more modalities, or fewer
            refusals.append(f"{subject.label}: {refusal}")
        else:
            accepted.append(subject)
    if not accepted:
        raise Violation(
            f"Expected fusion {fusion.name!r} to accept some number of modalities from 1 to 4. "
            f"Found {' '.join(refusals)} Raise PluginError only where it cannot work."
        )
    return accepted


def _targets(task: Task) -> Tensor:
    """Encoded training targets of a small made-up dataset, to which the task is fitted."""
    classes = np.arange(24) % _CLASSES
    raw = {
        "classification": classes,
        "multilabel": np.eye(_CLASSES, dtype=np.int64)[classes],
        "regression": classes + 0.5,
        "retrieval": np.arange(24),
    }[task.name]
    task.fit(raw, raw)
    encoded = task.encode(raw)
    return encoded.double() if encoded.is_floating_point() else encoded
