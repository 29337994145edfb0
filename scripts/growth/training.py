"""Curves of training and inference, on random data of any size."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial

import torch
from torch import Tensor

from growth.points import Point
from mmbench.budgets import BUDGETS
from mmbench.data.part import Part
from mmbench.data.preparation import InputSpec
from mmbench.data.sealed import TrainingData
from mmbench.jobs import Job, Objective, Pick
from mmbench.latency import alone, measure, peak_bytes
from mmbench.machine import MEGABYTE
from mmbench.registry import load_registry
from mmbench.tasks import TASKS
from mmbench.training.build import Recipe
from mmbench.training.lanes import fit_lanes
from mmbench.training.trials import Trial
from mmbench.training.tuning import DEFAULTS

__all__ = ["Setting", "inferences", "trainings"]

BATCH = 32
EPOCHS = 3
"""So many that steps are recorded, as in any training."""
FEATURES = 16
"""Of one step of a modality. Its encoder is a linear layer, so that the fusion does the most."""


@dataclass(frozen=True)
class Setting:
    """What is trained on: all axes but the one that grows stay as they are here."""

    samples: int = 256
    modalities: int = 2
    tokens: int = 8
    classes: int = 4
    lanes: int = 1


def trainings(
    sizes: Mapping[str, Sequence[int]], fusions: Sequence[str], *, count: bool = False
) -> Iterator[Point]:
    """A point a size of each axis and fusion: the time of one epoch, or, where `count`, its memory."""
    for axis, fusion, setting, size in _settings(sizes, fusions):
        take = partial(_counted if count else _timed, fusion, setting)
        yield Point(axis, fusion, size, take)


def inferences(sizes: Mapping[str, Sequence[int]], fusions: Sequence[str]) -> Iterator[Point]:
    """A point a size of each axis and fusion: the time of a forward pass, a sample."""
    for axis, fusion, setting, size in _settings(sizes, fusions):
        yield Point(axis, fusion, size, partial(_answered, fusion, setting))


def _settings(
    sizes: Mapping[str, Sequence[int]], fusions: Sequence[str]
) -> Iterator[tuple[str, str, Setting, int]]:
    for axis, grid in sizes.items():
        for size in grid:
            for fusion in fusions:
                yield axis, fusion, replace(Setting(), **{axis: size}), size


def _timed(fusion: str, setting: Setting) -> dict[str, float]:
    """Seconds of the processor for an epoch of one of the lanes, with its part in building the models."""
    trials = _trials(fusion, setting)
    started = time.process_time()
    _train(trials)
    return {"train_seconds": (time.process_time() - started) / setting.lanes / EPOCHS}


def _counted(fusion: str, setting: Setting) -> dict[str, float]:
    """The most that the training's tensors held at a time, the data and all lanes included."""
    trials = _trials(fusion, setting)
    data = sum(part.nbytes for t in trials for part in (t.data.train, t.data.validation))
    made = peak_bytes(partial(_train, trials), gradients=True)
    return {"train_megabytes": (data + made) / MEGABYTE}


def _answered(fusion: str, setting: Setting) -> dict[str, float]:
    """Seconds a sample, of a batch: the median of several passes."""
    (trial,) = _trials(fusion, setting)
    model, batch = trial.lane().model.eval(), trial.data.train.take(torch.arange(BATCH))
    with alone():
        latency = measure(lambda: model(batch), min_samples=5, min_seconds=0.02, warmup=1)
    return {"inference_seconds": latency.median_ms / 1000 / BATCH}


def _train(trials: Sequence[Trial]) -> None:
    if len(trials) > 1:
        fit_lanes([trial.lane() for trial in trials], trials[0].recipe.terms)
    else:
        trials[0].fit(lambda done: None)


def _trials(fusion: str, setting: Setting) -> list[Trial]:
    return [_trial(fusion, setting, seed) for seed in range(setting.lanes)]


def _trial(fusion: str, setting: Setting, seed: int) -> Trial:
    """A few epochs, with a validation part half as large as the training part."""
    names = tuple(f"m{place:02}" for place in range(setting.modalities))
    classes = torch.arange(setting.classes).numpy()
    data = TrainingData(
        _part(names, setting, setting.samples, seed),
        _part(names, setting, setting.samples // 2, seed),
        dict.fromkeys(names, InputSpec((setting.tokens, FEATURES))),
    )
    job = Job(
        dataset=Pick("random"),
        modalities=names,
        encoders=dict.fromkeys(names, Pick("conv1d", {"layers": 0})),
        fusion=Pick(fusion),
        objective=Objective(),
        weighting=Pick("equal"),
        seed=seed,
        budget=replace(BUDGETS["quick"], epochs=EPOCHS, patience=EPOCHS, batch_size=BATCH),
    )
    task = TASKS["classification"]().fit(classes, classes)
    return Trial(Recipe(job, load_registry(), data.specs, task), data, DEFAULTS)


def _part(names: Sequence[str], setting: Setting, size: int, seed: int) -> Part:
    draw = torch.Generator().manual_seed(seed)

    def values() -> Tensor:
        return torch.randn(size, setting.tokens, FEATURES, generator=draw)

    return Part({name: values() for name in names}, {}, {}, torch.arange(size) % setting.classes)
