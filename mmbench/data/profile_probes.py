"""What a linear model finds in plain features of each modality, and of all together."""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
import numpy.typing as npt
import torch
from sklearn.linear_model import RidgeCV

from mmbench.tasks import Task

__all__ = ["prior_score", "probe_score"]

STRENGTHS = tuple(np.logspace(-2, 5, 15))

Reals: TypeAlias = npt.NDArray[np.float64]
Targets: TypeAlias = npt.NDArray[np.generic]


def probe_score(
    task: Task, train: Reals, targets: Targets, held: Reals, expected: Targets
) -> float | None:
    """The task's primary metric of a ridge regression of the targets, one-hot for classes.

    How far it is drawn to the mean is chosen by leave-one-out error on the training part.

    Args:
        task: fitted.
        train: features (N, F).
        targets: raw targets of these.
        held: features (M, F) of other samples.
        expected: raw targets of these.

    """
    columns = _columns(task, targets)
    model = RidgeCV(STRENGTHS).fit(train, columns)
    return _score(task, model.predict(held).reshape(len(held), -1), expected)


def prior_score(task: Task, targets: Targets, expected: Targets) -> float | None:
    """The metric of the mean of the training targets: the most frequent class, or the mean value."""
    mean = _columns(task, targets).mean(axis=0)
    return _score(task, np.tile(mean, (len(expected), 1)), expected)


def _columns(task: Task, targets: Targets) -> Reals:
    """What is regressed, (N, head size)."""
    encoded = task.encode(targets)
    if not encoded.is_floating_point():
        encoded = torch.nn.functional.one_hot(encoded, task.head_size)
    columns: Reals = encoded.double().reshape(len(targets), -1).numpy()
    return columns


def _score(task: Task, prediction: Reals, expected: Targets) -> float | None:
    found = torch.from_numpy(np.ascontiguousarray(prediction))
    score = float(task.metrics(found, task.encode(expected))[task.primary])
    return score if np.isfinite(score) else None
