"""One job from start to record. Whatever goes wrong becomes a record too."""

from __future__ import annotations

import dataclasses
import inspect
import json
import time
from collections.abc import Callable
from functools import lru_cache, partial
from typing import Any, TypeAlias

import torch

from mmbench.bundles import MAX_JOBS
from mmbench.data.kept import Kept
from mmbench.data.loading import described, load_samples
from mmbench.data.samples import Samples
from mmbench.data.sealed import TrainingData, Vault, prepare
from mmbench.data.split import make_split
from mmbench.errors import NonFiniteError, NotApplicable
from mmbench.evaluation import absences, probes
from mmbench.jobs import Job, Pick, digest
from mmbench.machine import peak_memory, reset_peak_memory
from mmbench.records import failed, opened, skipped
from mmbench.registrations import Dataset
from mmbench.registry import load_registry
from mmbench.tasks import TASKS
from mmbench.training.build import Recipe
from mmbench.training.loop import Fitted, predict
from mmbench.training.matching import size
from mmbench.training.tuning import Tuned, tune

__all__ = ["Train", "closed_job", "open_vault", "opened_job", "recipe_for", "run_job"]

KEPT_BYTES = 2**30
"""That prepared data may have, which a worker keeps for its next jobs."""
Report = Callable[[str, float], None]
Train: TypeAlias = Callable[[Recipe, TrainingData, Callable[[float], None]], tuple[Tuned, float]]
"""`train(recipe, data, on_progress)` -> the job's model, and the seconds that its training takes."""


def _tuned(
    recipe: Recipe, data: TrainingData, on_progress: Callable[[float], None]
) -> tuple[Tuned, float]:
    started = time.perf_counter()
    return tune(recipe, data, on_progress), time.perf_counter() - started


def run_job(job: Job, report: Report, train: Train = _tuned) -> dict[str, Any]:
    """Train, tune, and evaluate one job.

    Args:
        job: what to run.
        report: called with the phase (`load`, `data`, `build`, `train`, `evaluate`) and the fraction done.
        train: how; all that the job's budget says where it is left out.

    Returns:
        The record, with `status` `ok`, `failed`, or `skipped` where a method has no meaning for the data.

    """
    phase = "load"

    def enter(name: str, done: float = 0.0) -> None:
        nonlocal phase
        phase = name
        report(name, done)

    record = opened(job.columns())
    try:
        return _run(job, record, enter, train)
    except NotApplicable as reason:
        return skipped(record, phase, reason)
    except Exception as error:
        return failed(record, phase, error)


def _run(job: Job, record: dict[str, Any], enter: Report, train: Train) -> dict[str, Any]:
    vault, recipe = opened_job(job, record, enter)
    enter("train", 0.0)
    data = vault.training.to(job.device)
    tuned, seconds = train(recipe, data, lambda done: enter("train", done))
    return closed_job(recipe, vault, tuned, record, seconds, enter)


def opened_job(job: Job, record: dict[str, Any], enter: Report) -> tuple[Vault, Recipe]:
    """The job's data and how its model is made; the record gains what they say."""
    enter("load", 0.0)
    load_registry()
    if job.mode == "compiled":
        torch.compiler.reset()  # compiled code is kept by source, and given up on after eight models
    reset_peak_memory(job.device)
    enter("data", 0.0)
    started = time.perf_counter()
    vault = open_vault(job)
    record["data_seconds"] = time.perf_counter() - started
    record |= _about_data(vault)
    enter("build", 0.0)
    recipe = recipe_for(job, vault)
    recipe.model({})  # so that a plugin that cannot be built fails in this phase
    return vault, recipe


def closed_job(
    recipe: Recipe,
    vault: Vault,
    tuned: Tuned,
    record: dict[str, Any],
    seconds: float,
    enter: Report,
) -> dict[str, Any]:
    """The whole record, once the job has trained for so many seconds."""
    record["train_seconds"] = seconds
    record |= _about_training(recipe, tuned)
    enter("evaluate", 1.0)
    started = time.perf_counter()
    record |= _evaluate(recipe, tuned.fitted, vault)
    record["evaluate_seconds"] = time.perf_counter() - started
    record["peak_memory_mb"] = peak_memory(recipe.job.device)
    return {**record, "status": "ok", "phase": "done", "error": "", "traceback": ""}


def recipe_for(job: Job, vault: Vault) -> Recipe:
    """How the job's model is made."""
    registry = load_registry()
    gallery = described(registry.datasets[job.dataset.name], job.dataset).gallery
    target = _target(job)
    return Recipe(job, registry, vault.training.specs, vault.task, gallery, target)


def _target(job: Job) -> int | None:
    """The number of parameters that the job's model is brought to."""
    if job.reference is None:
        return int(job.match_params) if job.match_params else None
    reference = dataclasses.replace(job.reference, seed=job.seed)
    return size(recipe_for(reference, open_vault(reference)), {})


def open_vault(job: Job) -> Vault:
    """The job's data, prepared; kept for the jobs of the same dataset, split and encoders' preparations.

    As many are kept as a bundle has jobs, each of a seed of its own, so that the next bundle finds them;
    fewer, where they are large.
    """
    registration = _dataset(job.dataset)
    names = job.modalities or tuple(registration.modalities)[:1]
    preparations = tuple((name, _preparation(job.encoders.get(name))) for name in names)
    return _vault(_Frozen(job.dataset), job.seed, job.budget.max_train, preparations)


@dataclasses.dataclass(frozen=True)
class _Frozen:
    """A pick that can be a cache's key."""

    pick: Pick

    def __hash__(self) -> int:
        return hash(str(self.pick))


def _dataset(pick: Pick) -> Dataset:
    return described(load_registry().datasets[pick.name], pick)


def _preparation(encoder: Pick | None) -> _Frozen | None:
    """The encoder, with those of its parameters that its preparation takes as well."""
    if encoder is None:
        return None
    prepare_with = load_registry().encoders[encoder.name].load_preparation()
    taken = inspect.signature(prepare_with).parameters
    params = {name: value for name, value in encoder.params.items() if name in taken}
    return _Frozen(Pick(encoder.name, params))


def _prepared(
    dataset: _Frozen,
    seed: int,
    max_train: int,
    preparations: tuple[tuple[str, _Frozen | None], ...],
) -> Vault:
    registry = load_registry()
    samples = _samples(dataset)
    task = TASKS[_dataset(dataset.pick).task]()
    split = make_split(samples, seed, max_train, stratify=task.stratify)
    makers = {
        name: partial(
            registry.encoders[encoder.pick.name].load_preparation(), **encoder.pick.params
        )
        for name, encoder in preparations
        if encoder
    }
    return prepare(samples, split, task, makers)


_vault = Kept(_prepared, lambda vault: vault.nbytes, count=MAX_JOBS, limit=KEPT_BYTES)


@lru_cache(maxsize=2)
def _samples(dataset: _Frozen) -> Samples:
    """A dataset's samples; the last two are kept."""
    return load_samples(_dataset(dataset.pick), dataset.pick)


def _about_data(vault: Vault) -> dict[str, Any]:
    return {
        "task": vault.task.name,
        "primary_metric": vault.task.primary,
        "greater_is_better": vault.task.greater_is_better,
        "split_hash": vault.split_hash,
        **{f"n_{part}": size for part, size in vault.sizes.items()},
    }


def _about_training(recipe: Recipe, tuned: Tuned) -> dict[str, Any]:
    curves = tuned.fitted.curves
    model = tuned.fitted.model
    return {
        "model": digest(
            [recipe.job.columns()["encoders"], str(recipe.job.dataset), *_shape(recipe, tuned)]
        ),
        "params": sum(parameter.numel() for parameter in model.parameters()),
        "validation_score": recipe.task.oriented(tuned.fitted.score),
        "epochs_run": len(curves.train_loss),
        "hyperparameters": json.dumps(tuned.hyper, sort_keys=True),
        "trial_scores": [recipe.task.oriented(score) for score in tuned.scores],
        "trial_hyperparameters": [json.dumps(hyper, sort_keys=True) for hyper in tuned.tried],
        "curve_train_loss": curves.train_loss,
        "curve_validation_loss": curves.validation_loss,
        "curve_validation_score": curves.validation_score,
        **{f"curve_term_{name}": values for name, values in curves.terms.items()},
        **{f"curve_weight_{name}": values for name, values in curves.weights.items()},
        **{f"curve_conflict_{name}": values for name, values in curves.conflicts.items()},
        "lanes": tuned.fitted.lanes,
        "backward_passes": curves.backward_passes,
        "batch_seconds": curves.batch_seconds,
    }


def _shape(recipe: Recipe, tuned: Tuned) -> tuple[str, ...]:
    """What decides the shape, and so the latency, of a model: the fusion, its hyperparameters, how it runs."""
    widths = ("dim", "out_dim")
    own = {
        key: value
        for key, value in tuned.hyper.items()
        if key.startswith("fusion.") or key in widths
    }
    job = recipe.job
    return str(job.fusion), json.dumps(own, sort_keys=True), job.precision, job.mode


def _evaluate(recipe: Recipe, fitted: Fitted, vault: Vault) -> dict[str, Any]:
    """Break the seal of the test part, once."""
    test = vault.seal().open().to(recipe.job.device)
    training = vault.training.to(recipe.job.device)
    prediction, targets, _ = predict(fitted.model, test, recipe.task)
    if not bool(prediction.isfinite().all()):
        raise NonFiniteError("Expected finite predictions on the test part. Found NaN or infinity.")
    metrics = recipe.task.metrics(prediction, targets)
    return {
        "score": metrics[recipe.task.primary],
        **{f"metric_{name}": value for name, value in metrics.items()},
        **absences(fitted.model, test, recipe.task),
        **probes(fitted.model, training, test, recipe.task),
    }
