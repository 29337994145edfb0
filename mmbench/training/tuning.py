"""The same tuning budget for every method: trials of a seeded random search, selected on validation."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from mmbench.data.sealed import TrainingData
from mmbench.search import search_spaces
from mmbench.seeding import derive
from mmbench.training.build import Recipe
from mmbench.training.loop import Fitted
from mmbench.training.matching import matched
from mmbench.training.trials import Trial, run_trials

__all__ = ["Tuned", "hyperparameters", "tune", "tune_together"]

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
    (found,) = tune_together([recipe], [data], on_progress)
    if isinstance(found, Exception):
        raise found
    return found


def tune_together(
    recipes: Sequence[Recipe],
    data: Sequence[TrainingData],
    on_progress: Callable[[float], None] = lambda done: None,
) -> list[Tuned | Exception]:
    """Tune several jobs; their trials of one shape train in one pass.

    Returns:
        For each job its result, or why it failed.

    """
    searches = [_Search(recipe, own) for recipe, own in zip(recipes, data, strict=True)]
    trials = [(search, number) for search in searches for number in range(len(search.trials))]
    for place, result in run_trials([s.trials[number] for s, number in trials], on_progress):
        search, number = trials[place]
        search.note(number, result)
        if len(searches) == 1 and search.error:
            break
    return [search.result() for search in searches]


class _Search:
    """The trials of one job, and the best of those that have ended."""

    def __init__(self, recipe: Recipe, data: TrainingData) -> None:
        self.trials: list[Trial] = []
        self.error: Exception | None = None
        self._scores: dict[int, float] = {}
        self._best: tuple[float, int, Fitted] | None = None
        try:
            settings = [hyperparameters(recipe, n) for n in range(recipe.job.budget.trials)]
            self.trials = [Trial(recipe, data, matched(recipe, hyper)) for hyper in settings]
        except Exception as error:
            self.error = error

    def note(self, number: int, result: Fitted | Exception) -> None:
        if isinstance(result, Exception):
            self.error = self.error or result
            return
        self._scores[number] = result.score
        # Of equal trials the first: passes do not end in the order of trials.
        if self._best is None or (result.score, -number) > (self._best[0], -self._best[1]):
            self._best = (result.score, number, result)

    def result(self) -> Tuned | Exception:
        if self.error:
            return self.error
        assert self._best is not None  # noqa: S101 - a budget has at least one trial
        _, number, fitted = self._best
        tried = [trial.hyper for trial in self.trials]
        return Tuned(fitted, tried[number], [self._scores[n] for n in range(len(tried))], tried)


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
