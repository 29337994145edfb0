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
    brief, few = _cut(recipe, data)
    trials = brief.job.budget.trials
    together = min(jobs, max(1, TRAININGS // trials))
    started = clock()
    tuned, *_ = tune_together([brief] * together, [few] * together, on_progress)
    seconds = (clock() - started) / (trials * together)
    if isinstance(tuned, Exception):
        raise tuned
    validation = _validation_seconds(tuned.fitted, data, recipe)
    curves, batches = tuned.fitted.curves, _batches(recipe, data)
    epochs, few_batches = brief.job.budget.epochs, _batches(brief, few)
    trained = max(seconds - curves.begin_seconds, epochs * few_batches * curves.batch_seconds)
    whole = trained + epochs * (batches - few_batches) * curves.batch_seconds
    if curves.train_loss:
        more = recipe.job.budget.epochs - epochs
        whole += more * (batches * curves.batch_seconds + validation)
    # What a weighting trains before it begins grows as the training does.
    return tuned, recipe.job.budget.trials * whole * seconds / trained


def _cut(recipe: Recipe, data: TrainingData) -> tuple[Recipe, TrainingData]:
    """The same with a few batches of training data, epochs for as many steps, and a few trials."""
    budget, train = recipe.job.budget, data.train
    size = min(len(train), BATCHES * budget.batch_size)
    few = replace(data, train=train.take(torch.arange(size, device=train.targets.device)))
    epochs = min(budget.epochs, math.ceil(BATCHES / _batches(recipe, few)))
    trials = min(budget.trials, TRAININGS)
    short = replace(budget, epochs=epochs, patience=epochs, trials=trials)
    return replace(recipe, job=replace(recipe.job, budget=short)), few


def _batches(recipe: Recipe, data: TrainingData) -> int:
    """Of an epoch that visits every sample once."""
    return math.ceil(len(data.train) / recipe.job.budget.batch_size)


def _validation_seconds(fitted: Fitted, data: TrainingData, recipe: Recipe) -> float:
    started = clock()
    prediction, targets, _ = predict(fitted.model, data.validation, recipe.task, recipe.terms)
    recipe.task.score(prediction, targets)
    return clock() - started
