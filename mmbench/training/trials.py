"""Trials: single trainings of jobs, run in passes of several lanes where that is faster."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeAlias

import torch

from mmbench.data.sealed import TrainingData
from mmbench.training.build import Recipe
from mmbench.training.lane import Lane, matching, shareable
from mmbench.training.lanes import fit_lanes
from mmbench.training.loop import Fitted, fit
from mmbench.training.step import Settings

__all__ = ["Trial", "run_trials"]

MIN_LANES = 2
"""Two took .58 to .98 of the time of one after the other, by fusion and encoder (on a CPU, 2026)."""
MIN_FITTING = 3
"""Models of which fewer fit in a pass are so large that their products take the time, which lanes do not share."""
MAX_LANES = {"cpu": 16, "cuda": 64}
"""On a CPU little was gained with more. On a GPU, not measured, a small kernel costs what a larger one does."""
CACHE_BYTES = 2**26
"""That the parameters of a pass on a CPU may take, with gradients and both moments: more was slower."""
DATA_BYTES = 2**29
"""That the data of a pass on a CPU may take, of which it has a copy."""
Result: TypeAlias = Fitted | Exception


@dataclass(frozen=True)
class Trial:
    """One training of a job, under one setting of hyperparameters."""

    recipe: Recipe
    data: TrainingData
    hyper: dict[str, Any]

    def lane(self) -> Lane:
        """What trains, freshly initialised."""
        job = self.recipe.job
        settings = Settings(
            epochs=job.budget.epochs,
            patience=job.budget.patience,
            batch_size=job.budget.batch_size,
            lr=self.hyper["lr"],
            weight_decay=self.hyper["weight_decay"],
            seed=job.training_seed,
        )
        return Lane(
            self.recipe.model(self.hyper).to(job.device),
            partial(self.recipe.weighting, self.hyper),
            self.data,
            self.recipe.task,
            settings,
            self.recipe.sampling(),
        )

    def fit(self, on_epoch: Callable[[float], None]) -> Fitted:
        """Train alone."""
        own = self.lane()
        return fit(
            own.model,
            own.make_weighting,
            self.recipe.terms,
            own.data,
            own.task,
            own.settings,
            on_epoch,
            own.sampling,
        )


def run_trials(
    trials: Sequence[Trial], on_progress: Callable[[float], None] = lambda done: None
) -> Iterator[tuple[int, Result]]:
    """Each trial's place and result, or what it raised; in the order in which they end."""
    done = 0
    for places in _passes(trials):
        of_pass = partial(_part_done, on_progress, done, len(places), len(trials))
        yield from zip(places, _fit([trials[place] for place in places], of_pass), strict=True)
        done += len(places)


def _fit(trials: list[Trial], on_epoch: Callable[[float], None]) -> list[Result]:
    found: Sequence[Fitted | None] = [None] * len(trials)
    if len(trials) > 1:
        try:
            found = fit_lanes([t.lane() for t in trials], trials[0].recipe.terms, on_epoch)
        except (MemoryError, torch.cuda.OutOfMemoryError):
            half = len(trials) // 2
            return _fit(trials[:half], on_epoch) + _fit(trials[half:], on_epoch)
        except Exception:  # noqa: S110 - whatever a pass cannot do, a training alone can, or it says why not
            pass
    return [fitted or _alone(t, on_epoch) for t, fitted in zip(trials, found, strict=True)]


def _alone(trial: Trial, on_epoch: Callable[[float], None]) -> Result:
    try:
        return trial.fit(on_epoch)
    except Exception as error:
        return error


def _passes(trials: Sequence[Trial]) -> list[list[int]]:
    """The places of the trials that train together, in the order of their first."""
    if len(trials) < MIN_LANES or not _vectorises(trials[0].recipe):
        return [[place] for place in range(len(trials))]
    groups: list[tuple[Lane, list[int]]] = []
    for place, trial in enumerate(trials):
        lane = trial.lane()
        for first, places in groups:
            if matching(first, lane):
                places.append(place)
                break
        else:
            groups.append((lane, [place]))
    return sorted(part for first, places in groups for part in _cut(places, first))


def _cut(places: list[int], lane: Lane) -> list[list[int]]:
    """Even parts that fit; single places where too few do."""
    most = _most(lane)
    if most < MIN_FITTING or len(places) < MIN_LANES:
        return [[place] for place in places]
    count = math.ceil(len(places) / most)
    return [places[part::count] for part in range(count)]


def _most(lane: Lane) -> int:
    """How many lanes of this shape a pass may have, for cache or memory."""
    device = lane.data.train.targets.device
    state = max(4 * sum(parameter.nbytes for parameter in lane.model.parameters()), 1)
    data = lane.data.train.nbytes + lane.data.validation.nbytes
    if device.type == "cuda":
        free, _ = torch.cuda.mem_get_info(device)
        fitting = free // 2 // (state + data)  # half is for what a pass computes
    else:
        fitting = min(CACHE_BYTES // state, DATA_BYTES // data)
    return min(MAX_LANES[device.type], fitting)


def _vectorises(recipe: Recipe) -> bool:
    job, registry = recipe.job, recipe.registry
    weighting = registry.weightings[job.weighting.name].load()
    vectorises = job.shareable and registry.fusions[job.fusion.name].vectorises
    return vectorises and shareable(weighting)


def _part_done(
    on_progress: Callable[[float], None], before: int, now: int, total: int, done: float
) -> None:
    on_progress((before + now * done) / total)
