"""The same tuning budget for every method: trials of a seeded random search, selected on validation."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from mmbench.data.sealed import TrainingData
from mmbench.search import search_spaces
from mmbench.seeding import derive
from mmbench.training.build import Recipe
from mmbench.training.loop import Fitted, fit
from mmbench.training.matching import matched
from mmbench.training.step import Settings

__all__ = ["Tuned", "hyperparameters", "tune"]

DEFAULTS: dict[str, Any] = {"lr": 3e-3, "weight_decay": 1e-2}


@dataclass(frozen=True)
class Tuned:
    """The trial with the best validation score, and what every trial gave."""

    fitted: Fitted
    hyper: dict[str, Any]
    scores: list[float]
    tried: list[dict[str, Any]]


def tune(
    recipe: Recipe, data: TrainingData, on_progress: Callable[[float], None] = lambda done: None
) -> Tuned:
    """Train the defaults, then random settings, and keep the best on validation.

    Raises:
        MmbenchError: if a trial fails; one failed trial fails the job, so that nothing is selected around it.

    """
    budget, best = recipe.job.budget, None
    scores: list[float] = []
    tried: list[dict[str, Any]] = []
    for trial in range(budget.trials):
        hyper = matched(recipe, hyperparameters(recipe, trial))
        settings = Settings(
            epochs=budget.epochs,
            patience=budget.patience,
            batch_size=budget.batch_size,
            lr=hyper["lr"],
            weight_decay=hyper["weight_decay"],
            seed=recipe.job.training_seed,
        )
        fitted = fit(
            recipe.model(hyper).to(recipe.job.device),
            partial(recipe.weighting, hyper),
            recipe.terms,
            data,
            recipe.task,
            settings,
            partial(_part_done, on_progress, trial, budget.trials),
            recipe.sampling(),
        )
        scores.append(fitted.score)
        tried.append(hyper)
        if best is None or fitted.score > scores[best[0]]:
            best = (trial, fitted)
    assert best is not None  # noqa: S101 - a budget has at least one trial
    return Tuned(best[1], tried[best[0]], scores, tried)


def hyperparameters(recipe: Recipe, trial: int) -> dict[str, Any]:
    """The setting of a trial: the defaults first, then draws.

    A draw depends on seed, trial and the parameter's name alone, so that all methods meet the same learning
    rates. Parameters that the user fixed are not drawn.
    """
    if trial == 0:
        return dict(DEFAULTS)
    job = recipe.job
    alignment = job.objective.alignment
    spaces = search_spaces(
        recipe.registry, job.fusion.name, job.weighting.name, alignment.name if alignment else ""
    )
    fixed = {f"fusion.{name}": value for name, value in job.fusion.params.items()}
    if alignment:
        fixed |= {f"alignment.{name}": value for name, value in alignment.params.items()}
    fixed |= {f"weighting.{name}": value for name, value in job.weighting.params.items()}
    return {
        name: space.draw(np.random.default_rng(derive(job.seed, "trial", str(trial), name)))
        for name, space in sorted(spaces.items())
        if name not in fixed
    }


def _part_done(on_progress: Callable[[float], None], trial: int, trials: int, done: float) -> None:
    on_progress((trial + done) / trials)
