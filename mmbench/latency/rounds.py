"""Several calls timed in interleaved rounds, so that what drifts on the machine meets all alike."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import torch
from torch import nn

from mmbench.latency.timing import barrier, sample
from mmbench.machine import collection_paused

__all__ = ["Pace", "Timed", "noise_floor", "reference_call", "time_in_rounds"]


@dataclass(frozen=True)
class Pace:
    """How much is timed.

    Attributes:
        rounds: how often each subject has its turn.
        calls: how many calls a turn has at least, unless they take longer than `limit`.
        seconds: how long a turn is at least.
        limit: seconds after which no further call of a turn begins.
    """

    rounds: int = 20
    calls: int = 20
    seconds: float = 0.01
    limit: float = 2.0


@dataclass(frozen=True)
class Timed:
    """What became of one subject: the times of its calls in ms, or why there are none."""

    milliseconds: list[float]
    error: Exception | None = None


def time_in_rounds(
    calls: Mapping[str, Callable[[], object]], pace: Pace, *, device: str = "cpu", seed: int = 0
) -> dict[str, Timed]:
    """Time every call, turn by turn, in an order drawn anew each round.

    The first call of a turn finds the caches full of another subject and is not counted. A subject
    that raises is left out from then on. Hold `alone()` around it.
    """
    rng = np.random.default_rng(seed)
    wait = barrier(device)
    found = {name: Timed([]) for name in calls}
    with torch.inference_mode():
        for _ in range(pace.rounds):
            for name in rng.permutation(list(calls)):
                if found[name].error is None:
                    found[name] = _turn(found[name], calls[name], wait, pace)
    return found


def _turn(before: Timed, call: Callable[[], object], wait: Callable[[], None], pace: Pace) -> Timed:
    try:
        with collection_paused():
            sample(call, wait, least=1, seconds=0.0, limit=pace.limit)
            times = sample(call, wait, least=pace.calls, seconds=pace.seconds, limit=pace.limit)
    except Exception as error:
        return Timed([], error)
    return Timed([*before.milliseconds, *(time / 1e6 for time in times)])


def reference_call(size: int, device: str) -> Callable[[], object]:
    """A fixed program of torch alone, as large as a small model and on as many samples.

    Where it takes longer in another run, that is not the models' doing.
    """
    layers = [layer for _ in range(4) for layer in (nn.Linear(64, 64), nn.LayerNorm(64), nn.ReLU())]
    program, x = nn.Sequential(*layers).to(device), torch.ones(size, 64, device=device)
    return lambda: program(x)


def noise_floor(first: Timed, again: Timed) -> float | None:
    """By how much the medians of one model, entered twice, differ; relative to the first's."""
    if not (first.milliseconds and again.milliseconds):
        return None
    return abs(float(np.median(again.milliseconds) / np.median(first.milliseconds)) - 1)
