"""Trainings that benchmarks time: in lanes, alone, and by loops that a user would write."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from mmbench.jobs import Job
from mmbench.options import read_options
from mmbench.registry import load_registry
from mmbench.suite import plan
from mmbench.training.lanes import fit_lanes
from mmbench.training.trials import Trial
from mmbench.worker import open_vault, recipe_for
from reference_loop import train_as_users_do

__all__ = ["Timed", "by_hand", "job_of", "time_item", "together", "trial"]

HYPER = {"lr": 3e-3, "weight_decay": 1e-2}
BATCH = 64
"""Of the standard budget."""
TIMES = 5


@dataclass(frozen=True)
class Timed:
    """What one worker times.

    Attributes:
        fusion: name; on the digits of mfeat.
        seeds: that train in one pass; a single one trains by the loop that a user would write.
        epochs: of each training.

    """

    fusion: str
    seeds: tuple[int, ...]
    epochs: int

    @property
    def key(self) -> str:
        return str(self)

    def columns(self) -> dict[str, Any]:
        return {}


def time_item(item: Timed, report: Callable[[str, float], None]) -> dict[str, Any]:
    """The seconds of the quickest but one of a few trainings; the first, which loads, does not count."""
    job = job_of(item.fusion, item.epochs)
    trials = [trial(job, seed) for seed in item.seeds]
    seconds = []
    for _ in range(TIMES + 1):
        alone = len(trials) == 1
        work = by_hand(train_as_users_do, trials[0]) if alone else together(trials)
        started = time.perf_counter()
        work()
        seconds.append(time.perf_counter() - started)
    return {"seconds": sorted(seconds[1:])[1]}


def job_of(fusion: str, epochs: int, device: str = "cpu") -> Job:
    given = {"fusions": [fusion], "datasets": ["mfeat"], "seeds": 1, "device": device}
    [job] = plan(read_options(None, given), load_registry(), device)
    return replace(job, budget=replace(job.budget, epochs=epochs, batch_size=BATCH))


def trial(job: Job, seed: int = 0) -> Trial:
    seeded = replace(job, seed=seed)
    vault = open_vault(seeded)
    return Trial(recipe_for(seeded, vault), vault.training.to(job.device), HYPER)


def by_hand(loop: Callable[..., float], of: Trial) -> Callable[[], object]:
    lane = of.lane()
    parts = (lane.data.train.to("cpu"), lane.data.validation.to("cpu"))  # a DataLoader's are there
    return partial(loop, lane.model, *parts, lane.settings.epochs, lane.settings.batch_size)


def together(trials: list[Trial]) -> Callable[[], object]:
    return partial(fit_lanes, [one.lane() for one in trials], trials[0].recipe.terms)
