"""One probe from start to record: a job's own training, on a few batches."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from typing import Any

import torch

from mmbench.data.sealed import TrainingData
from mmbench.probes import Probe
from mmbench.training.build import Recipe
from mmbench.training.loop import Fitted, predict
from mmbench.training.tuning import Tuned, tune_together
from mmbench.worker import run_job

__all__ = ["run_probe"]

BATCHES = 8
"""That a training is timed on."""
TRAININGS = 16
"""Of one shape, at most, that are timed together: those that can share a pass do."""

clock = time.perf_counter
_spent: dict[str, float] = {}
"""Dataset -> seconds that this process has measured on it."""


def run_probe(item: Probe, report: Callable[[str, float], None]) -> Mapping[str, Any]:
    """The record of the first job, trained on little: its `train_seconds` are those of the whole training.

    The `status` is `left` where the dataset's time was up.
    """
    job = item.jobs[0]
    dataset = str(job.dataset)
    before, started = _spent.get(dataset, 0.0), clock()
    if before >= item.seconds:
        return {**item.columns(), "status": "left"}
    record = run_job(job, report, partial(_a_few_batches, len(item.jobs)))
    _spent[dataset] = before + clock() - started
    return record


def _a_few_batches(
    jobs: int, recipe: Recipe, data: TrainingData, on_progress: Callable[[float], None]
) -> tuple[Tuned, float]:
    """A model trained on a few batches, and the seconds of a whole training, as one of so many jobs."""
    budget = recipe.job.budget
    few = data.train.take(torch.arange(min(len(data.train), BATCHES * budget.batch_size)))
    batches, few_batches = (math.ceil(len(p) / budget.batch_size) for p in (data.train, few))
    epochs = min(budget.epochs, math.ceil(BATCHES / few_batches))
    trials = min(budget.trials, TRAININGS)
    jobs = min(jobs, max(1, TRAININGS // trials))
    short = replace(budget, epochs=epochs, patience=epochs, trials=trials)
    brief = replace(recipe, job=replace(recipe.job, budget=short))
    started = clock()
    found = tune_together([brief] * jobs, [replace(data, train=few)] * jobs, on_progress)
    seconds = (clock() - started) / (trials * jobs)
    if isinstance(found[0], Exception):
        raise found[0]
    curves, validation = found[0].fitted.curves, _validation_seconds(found[0].fitted, data, recipe)
    whole = brief_seconds = seconds - curves.begin_seconds
    whole += epochs * (batches - few_batches) * curves.batch_seconds
    if curves.train_loss:
        whole += (budget.epochs - epochs) * (batches * curves.batch_seconds + validation)
    # What a weighting trains before it begins grows as the training does.
    whole *= seconds / brief_seconds
    return found[0], budget.trials * whole


def _validation_seconds(fitted: Fitted, data: TrainingData, recipe: Recipe) -> float:
    started = clock()
    prediction, targets, _ = predict(fitted.model, data.validation, recipe.task, recipe.terms)
    recipe.task.score(prediction, targets)
    return clock() - started
