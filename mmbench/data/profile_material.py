"""The samples that a profile looks into, and what is learned of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import combinations
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from mmbench.data.profile_faults import Outliers, outliers
from mmbench.data.profile_features import features_of
from mmbench.data.profile_interactions import Estimate, estimate
from mmbench.data.profile_probes import prior_score, probe_score
from mmbench.data.profile_targets import quartiles
from mmbench.data.samples import Samples
from mmbench.errors import NotApplicable
from mmbench.tasks import Task

__all__ = ["MOST", "Material", "Pair"]

MOST = {"train": 4000, "validation": 2000}
"""Samples that are looked into, at most."""

Index: TypeAlias = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Pair:
    """Interactions of two modalities, or why there is no estimate of them."""

    first: str
    second: str
    estimate: Estimate | None
    reason: str = ""


class Material:
    """Samples of training and validation with their features; nothing is taken of the test part.

    Args:
        samples: the dataset.
        task: fitted on the training part.
        parts: name of a part -> indices of its samples.
        names: modalities that take part.
        seed: of everything that is drawn.

    """

    def __init__(
        self,
        samples: Samples,
        task: Task,
        parts: Mapping[str, Index],
        names: tuple[str, ...],
        seed: int,
    ) -> None:
        self._samples, self._task, self._names, self._seed = samples, task, names, seed
        self.train, self.held = (parts[part][:most] for part, most in MOST.items())
        self._rows = np.concatenate([self.train, self.held])
        self._features = {
            name: features_of(samples, name, self.train, self.held, seed) for name in names
        }

    def prior(self) -> float | None:
        """The score of a prediction without input; None in retrieval, where a target is no label."""
        if self._task.name == "retrieval":
            return None
        targets = self._samples.targets
        return prior_score(self._task, targets[self.train], targets[self.held])

    def probe(self, *names: str) -> float | None:
        """The score of a linear model of some modalities; of one alone, where it is present."""
        here = self._here(*names) if len(names) == 1 else np.ones(len(self._rows), dtype=bool)
        trained = np.arange(len(self._rows)) < len(self.train)
        learned, scored = np.flatnonzero(here & trained), np.flatnonzero(here & ~trained)
        if self._task.name == "retrieval" or len(learned) < 2 or len(scored) == 0:
            return None
        features = np.concatenate([self._features[name] for name in names], axis=1)
        targets = self._samples.targets[self._rows]
        return probe_score(
            self._task, features[learned], targets[learned], features[scored], targets[scored]
        )

    def outliers(self, name: str) -> Outliers:
        """Outliers of a modality, among the samples that have it."""
        here = self._here(name)
        trained = int(here[: len(self.train)].sum())
        if trained == 0:
            return Outliers(0.0, [])
        return outliers(self._features[name][here], trained, self._rows[here], self._seed)

    def pairs(self) -> tuple[Pair, ...]:
        """Interactions of every two modalities."""
        return tuple(self._pair(*names) for names in combinations(self._names, 2))

    def _pair(self, first: str, second: str) -> Pair:
        both = self._here(first) & self._here(second)
        groups = self._samples.groups
        try:
            found = estimate(
                self._features[first][both],
                self._features[second][both],
                self._classes()[both],
                self._seed,
                None if groups is None else groups[self._rows[both]],
            )
        except NotApplicable as error:
            return Pair(first, second, None, str(error))
        return Pair(first, second, found)

    def _classes(self) -> Index:
        """Classes of the rows; quarters of one real target.

        Raises:
            NotApplicable: where a target is neither.

        """
        targets = self._samples.targets
        if self._task.name == "classification":
            return np.asarray(targets[self._rows], dtype=np.int64)
        if self._task.name == "regression" and targets.size == len(targets):
            edges = quartiles(targets[self.train])
            return np.asarray(np.digitize(targets[self._rows].ravel(), edges))
        raise NotApplicable(
            f"Expected one class or one real number a sample, of which interactions are defined. "
            f"Found {self._task.name} with targets of shape {targets.shape}."
        )

    def _here(self, name: str) -> npt.NDArray[np.bool_]:
        present = self._samples.present.get(name)
        everywhere = np.ones(len(self._rows), dtype=bool)
        return everywhere if present is None else present[self._rows]
