"""Requests that arrive when they please: the load under which a latency bound holds."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from mmbench.latency.quantiles import quantile

__all__ = ["Load", "greatest_load", "poisson_arrivals", "serve"]

LEVEL = 0.99
REQUESTS = 400
"""Enough for the interval of a 99th percentile."""
SHARES = (0.95, 0.9, 0.8, 0.6, 0.4, 0.2)
"""Rates that are tried, as shares of what back-to-back calls serve."""
_SPIN = 0.002


@dataclass(frozen=True)
class Load:
    """The greatest offered load whose 99th percentile stays within the bound.

    Attributes:
        rate: requests per second; 0 where even the least rate that was tried breaks the bound.
        p99_ms: the 99th percentile at that rate, from scheduled arrival to completion; None at rate 0.
    """

    rate: float
    p99_ms: float | None


def poisson_arrivals(rate: float, count: int, seed: int) -> list[float]:
    """Times in s of `count` arrivals of a Poisson process of `rate` per second."""
    gaps = np.random.default_rng(seed).exponential(1 / rate, count)
    return [float(moment) for moment in gaps.cumsum()]


def serve(
    call: Callable[[], object],
    arrivals: Sequence[float],
    clock: Callable[[], float] = time.perf_counter,
    sleep: Callable[[float], None] = time.sleep,
) -> list[float]:
    """Serve requests one after the other; milliseconds from each scheduled arrival to its completion.

    A request that finds the server busy waits, and its wait counts (no coordinated omission). `call`
    returns once the result is there.
    """
    begin = clock()
    latencies = []
    for arrival in arrivals:
        while (early := begin + arrival - clock()) > 0:
            sleep(max(early - _SPIN, 0.0))  # Sleeping overshoots: the last moment is spun away.
        call()
        latencies.append(1e3 * (clock() - begin - arrival))
    return latencies


def greatest_load(
    call: Callable[[], object], service_ms: float, bound_ms: float, seed: int = 0
) -> Load:
    """Try rates from the greatest down until one keeps the bound, as MLPerf's server scenario asks.

    Requests are really served: `REQUESTS` at each rate, by one server without batching (Reddi et al.
    2020, MLPerf Inference Benchmark, arXiv:1911.02549).

    Args:
        call: serves one request, and returns once the result is there.
        service_ms: the median time of one call.
        bound_ms: that the 99th percentile has to keep.
        seed: of the arrivals.
    """
    if service_ms > bound_ms:
        return Load(0.0, None)
    for share in SHARES:
        rate = share * 1e3 / service_ms
        found = quantile(serve(call, poisson_arrivals(rate, REQUESTS, seed)), LEVEL)
        if found is not None and found.value <= bound_ms:
            return Load(rate, found.value)
    return Load(0.0, None)
