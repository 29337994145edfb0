"""A small model of the whole joint objective on any task, for weightings and samplers."""

from __future__ import annotations

from collections.abc import Callable
from itertools import permutations
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from mmbench.contracts import FusionOutput, Term
from mmbench.data.part import Part
from mmbench.data.preparation import InputSpec
from mmbench.data.sealed import TrainingData
from mmbench.model import FusionModel
from mmbench.tasks import TASKS, Task

__all__ = ["Change", "joint_data", "joint_model", "joint_task", "joint_terms"]

_DIM = 4
_SAMPLES = 12
_CLASSES = 3
_GALLERY = "found"
Change = Callable[[Tensor], Tensor]


def joint_terms(count: int) -> tuple[Term, ...]:
    """`joint`, one `uni` a modality, an `align` for each ordered pair, and an `aux`."""
    names = _names(count)
    pairs = [f"align:{i}->{j}" for i, j in permutations(names, 2)]
    listed = ("joint", *(f"uni:{name}" for name in names), *pairs, "aux:balance")
    return tuple(Term(name) for name in listed)


def joint_task(name: str, change: Change) -> Task:
    """A fitted task whose losses are changed by `change`."""
    task = TASKS[name]().fit(_targets(name), _targets(name))
    loss = task.loss
    task.loss = lambda prediction, targets: change(loss(prediction, targets))  # type: ignore[method-assign]
    return task


def joint_data(count: int, task: Task) -> TrainingData:
    """Random features of `count` modalities, the last absent in some samples, and targets."""
    generator = torch.Generator().manual_seed(count)
    names = [*_names(count), *([_GALLERY] if task.name == "retrieval" else [])]
    inputs = {name: torch.randn(_SAMPLES, _DIM, generator=generator) for name in names}
    present = {}
    if count > 1:
        present[_names(count)[-1]] = torch.arange(_SAMPLES) % 4 != 0
    part = Part(inputs, {}, present, task.encode(_targets(task.name)))
    return TrainingData(part, part, {name: InputSpec((_DIM,)) for name in names})


def joint_model(count: int, task: Task, change: Change) -> FusionModel:
    """Linear encoders, heads and alignments around a fusion with an auxiliary loss of its own."""
    names = _names(count)
    gallery = _GALLERY if task.name == "retrieval" else ""
    encoded = [*names, *([gallery] if gallery else [])]
    return FusionModel(
        encoders={name: _Encoder() for name in encoded},
        fusion=_Fusion(count, change),
        level="pooled",
        head=nn.Linear(_DIM, task.head_size),
        unimodal_heads={name: nn.Linear(_DIM, task.head_size) for name in encoded},
        alignments={f"{i}->{j}": _Alignment(change) for i, j in permutations(names, 2)},
        gallery=gallery,
    )


def _names(count: int) -> list[str]:
    return [f"m{place}" for place in range(count)]


def _targets(task: str) -> npt.NDArray[Any]:
    places = np.arange(_SAMPLES)
    made: dict[str, npt.NDArray[Any]] = {
        "classification": places % _CLASSES,
        "multilabel": (places[:, None] % np.array([2, 3, 4]) == 0).astype(np.int64),
        "regression": np.sin(places).astype(np.float64),
        "retrieval": places,
    }
    return made[task]


class _Encoder(nn.Module):
    """One token a sample."""

    def __init__(self) -> None:
        super().__init__()
        self.layer = nn.Linear(_DIM, _DIM)

    def forward(self, x: Tensor, mask: Tensor | None) -> tuple[Tensor, Tensor]:
        return self.layer(x)[:, None], torch.ones(len(x), 1, dtype=torch.bool, device=x.device)


class _Fusion(nn.Module):
    """A linear layer over all features; its auxiliary loss is the fused feature's size."""

    def __init__(self, count: int, change: Change) -> None:
        super().__init__()
        self.layer = nn.Linear(count * _DIM, _DIM)
        self.change = change

    def forward(self, features: dict[str, Tensor]) -> FusionOutput:
        fused = self.layer(torch.cat(list(features.values()), dim=1)).tanh()
        return FusionOutput(fused, aux={"balance": self.change(fused.square().mean())})


class _Alignment(nn.Module):
    """The distance of a linear map of one feature from the other."""

    def __init__(self, change: Change) -> None:
        super().__init__()
        self.layer = nn.Linear(_DIM, _DIM)
        self.change = change

    def forward(self, x_i: Tensor, x_j: Tensor) -> Tensor:
        return self.change((self.layer(x_i) - x_j).square().mean())
