"""A cross-modal loss, given features of two modalities."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn

from mmbench.registrations import Alignment
from mmbench.testing.batches import Batch
from mmbench.testing.subjects import Subject

__all__ = ["AlignmentSubject"]

_DIM = 16
"""Of both modalities: the harness gives every encoder one feature size."""


class AlignmentSubject(Subject):
    """An alignment of two modalities."""

    def __init__(self, alignment: Alignment) -> None:
        self.alignment = alignment

    def make(self, params: Mapping[str, Any]) -> nn.Module:
        module: nn.Module = self.alignment.load()(_DIM, _DIM, **params)
        return module

    def batch(self, size: int = 7, seed: int = 1) -> Batch:
        generator = torch.Generator().manual_seed(seed)
        values = {
            name: torch.randn(size, _DIM, generator=generator, dtype=torch.float64)
            for name in ("x_i", "x_j")
        }
        return Batch(size, values, targets=torch.arange(size) % 3)

    def call(self, module: nn.Module, batch: Batch) -> Tensor:
        asked = inspect.signature(module.forward).parameters
        more = {"targets": batch.targets} if "targets" in asked else {}
        loss: Tensor = module(batch.values["x_i"], batch.values["x_j"], **more)
        return loss
