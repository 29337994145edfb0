"""What a training notes of each epoch."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

from mmbench.errors import NonFiniteError

__all__ = ["Curves", "note", "note_conflicts", "require_finite"]


@dataclass
class Curves:
    """One value per epoch, and the cost of a batch.

    Attributes:
        terms: term -> mean training loss.
        weights: term -> weight in force at the end of the epoch.
        conflicts: `<encoder>: <term> | <term>` -> cosine between the terms' gradients, None in the epochs
            between two measurements.
        backward_passes: through an encoder, a batch; the mean over encoders in the first epoch.
        begin_seconds: that the weighting's look at the training took before the first step.
        batch_seconds: of training, validation apart.

    """

    train_loss: list[float] = field(default_factory=list)
    validation_loss: list[float] = field(default_factory=list)
    validation_score: list[float] = field(default_factory=list)
    terms: dict[str, list[float]] = field(default_factory=dict)
    weights: dict[str, list[float]] = field(default_factory=dict)
    conflicts: dict[str, list[float | None]] = field(default_factory=dict)
    backward_passes: float = 0.0
    begin_seconds: float = field(default=0.0, compare=False)
    batch_seconds: float = field(default=0.0, compare=False)


def require_finite(what: str, values: Mapping[str, float], epoch: int) -> None:
    for name, value in values.items():
        if not math.isfinite(value):
            raise NonFiniteError(
                f"Expected a finite {what}. Found {name} = {value} in epoch {epoch + 1}. "
                f"Lower the learning rate, or look at what the plugin returns."
            )


def note_conflicts(curves: Curves, cosines: Mapping[str, float]) -> None:
    for name in cosines:
        curves.conflicts.setdefault(name, [])
    for name, values in curves.conflicts.items():
        values.append(cosines.get(name))


def note(curves: Curves, means: Mapping[str, float], weights: Mapping[str, float]) -> None:
    curves.train_loss.append(sum(means.values()))
    for name, value in means.items():
        curves.terms.setdefault(name, []).append(value)
    for name, value in weights.items():
        curves.weights.setdefault(name, []).append(float(value))
