"""How long one call takes."""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch

from mmbench.machine import collection_paused

__all__ = ["Latency", "barrier", "measure", "resolution", "sample", "summarise"]

SAMPLES_FOR_P90 = 20
SAMPLES_FOR_P99 = 500


@dataclass(frozen=True)
class Latency:
    """The time of one call, in milliseconds.

    Attributes:
        median_ms: half of the calls took no longer.
        p90_ms: nine in ten took no longer; None below 20 samples, which cannot tell.
        p99_ms: 99 in 100 took no longer; None below 500 samples.
        samples: how many calls were timed, one by one.
        resolution_ms: the shortest time that the clock can tell apart, its own cost included.
    """

    median_ms: float
    p90_ms: float | None
    p99_ms: float | None
    samples: int
    resolution_ms: float


def measure(
    call: Callable[[], object],
    *,
    min_samples: int = 30,
    min_seconds: float = 0.2,
    max_seconds: float = 5.0,
    warmup: int = 5,
    device: str = "cpu",
) -> Latency:
    """Time a callable: `min_samples` times and for `min_seconds`, or until `max_seconds` are over.

    The clock is the wall's. A CUDA device is waited for before and after each call. Gradients are
    off, and so is the garbage collector, whose pauses belong to the program and not to the call.
    `warmup` calls, or those of the first `max_seconds`, are not counted. Hold `alone()` around it,
    so that nothing else is measured beside it.
    """
    wait = barrier(device)
    with torch.inference_mode(), collection_paused():
        sample(call, wait, least=warmup, seconds=0.0, limit=max_seconds)
        nanoseconds = sample(call, wait, least=min_samples, seconds=min_seconds, limit=max_seconds)
        step = resolution()
    return summarise([value / 1e6 for value in nanoseconds], step / 1e6)


def summarise(milliseconds: Sequence[float], resolution_ms: float) -> Latency:
    """The quantiles that a sample of call times supports, interpolated linearly between values."""
    median, p90, p99 = (float(value) for value in np.quantile(milliseconds, (0.5, 0.9, 0.99)))
    count = len(milliseconds)
    return Latency(
        median_ms=median,
        p90_ms=p90 if count >= SAMPLES_FOR_P90 else None,
        p99_ms=p99 if count >= SAMPLES_FOR_P99 else None,
        samples=count,
        resolution_ms=resolution_ms,
    )


def sample(
    call: Callable[[], object],
    wait: Callable[[], None],
    *,
    least: int,
    seconds: float,
    limit: float,
) -> list[int]:
    """Times of single calls in nanoseconds: `least` of them and for `seconds`, or until `limit`."""
    clock = time.perf_counter_ns
    times: list[int] = []
    wait()
    begin = now = clock()
    while (len(times) < least or now - begin < seconds * 1e9) and (now - begin < limit * 1e9):
        start = clock()
        call()
        wait()
        now = clock()
        times.append(now - start)
    return times


def barrier(device: str) -> Callable[[], None]:
    """What waits until the device has done all it was given."""
    if device.startswith("cuda"):
        return lambda: torch.cuda.synchronize(device)
    return lambda: None


def resolution() -> int:
    """The smallest step seen between two readings of the clock, in nanoseconds."""
    clock = time.perf_counter_ns
    readings = [clock() for _ in range(1000)]
    steps = [later - sooner for sooner, later in itertools.pairwise(readings)]
    return min((step for step in steps if step > 0), default=0)
