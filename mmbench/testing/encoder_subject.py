"""An encoder, given made-up raw values of one kind through its own preparation."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from mmbench.registrations import Encoder
from mmbench.testing.batches import Batch
from mmbench.testing.subjects import Subject

__all__ = ["DIM", "EncoderSubject", "encoder_subjects"]

DIM = 16
_SAMPLES = 24
_STEPS = 16
_SHAPES: dict[str, tuple[int, ...]] = {
    "audio": (_STEPS, 3),
    "image": (3, 16, 16),
    "motion": (_STEPS, 3),
    "omics": (12,),
    "sensor": (_STEPS, 3),
    "tabular": (12,),
    "video": (4, 3, 16, 16),
}
_WORDS = ("a", "tale", "of", "love", "war", "the", "sea", "robots", "winter", "return", "night")
_TIMED = ("audio", "motion", "sensor", "video")


class EncoderSubject(Subject):
    """An encoder of one kind of modality."""

    def __init__(self, encoder: Encoder, kind: str) -> None:
        self.encoder, self.kind, self.label = encoder, kind, kind
        raw, mask = raw_values(kind)
        preparation = encoder.load_preparation()().fit(raw, mask)
        self.prepared = preparation.transform(raw, mask)
        self.spec = preparation.spec

    def make(self, params: Mapping[str, Any]) -> nn.Module:
        module: nn.Module = self.encoder.load()(self.spec, DIM, **params)
        return module

    def batch(self, size: int = 5, seed: int = 1) -> Batch:
        order = torch.randperm(_SAMPLES, generator=torch.Generator().manual_seed(seed))[:size]
        values, mask = self.prepared.values[order], self.prepared.mask
        values = values.double() if values.is_floating_point() else values
        return Batch(size, {"x": values}, {} if mask is None else {"x": mask[order]})

    def call(self, module: nn.Module, batch: Batch) -> Tensor:
        tokens, mask = self.encode(module, batch)
        return tokens * mask.unsqueeze(-1)  # what stands behind a false mask is nobody's business

    def encode(self, module: nn.Module, batch: Batch) -> tuple[Tensor, Tensor]:
        """Tokens `(B, T, DIM)` and mask `(B, T)`."""
        tokens, mask = module(batch.values["x"], batch.masks.get("x"))
        return tokens, mask


def encoder_subjects(encoder: Encoder) -> list[EncoderSubject]:
    """One for each kind that the encoder takes."""
    return [EncoderSubject(encoder, kind) for kind in encoder.kinds]


def raw_values(kind: str) -> tuple[npt.NDArray[Any], npt.NDArray[np.bool_] | None]:
    """Raw values as a dataset would give them, and which of their steps are real."""
    rng = np.random.default_rng(0)
    if kind == "text":
        lengths = rng.integers(3, 9, _SAMPLES)
        return np.array([" ".join(rng.choice(_WORDS, length)) for length in lengths]), None
    values = rng.normal(size=(_SAMPLES, *_SHAPES[kind])).astype(np.float32)
    if kind not in _TIMED:
        return values, None
    steps = _SHAPES[kind][0]
    lengths = rng.integers(max(steps // 2, 1), steps + 1, _SAMPLES)
    return values, np.arange(steps) < lengths[:, None]
