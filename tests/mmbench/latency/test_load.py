from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import pytest
from scipy import stats

from mmbench.latency import load
from mmbench.latency.load import greatest_load, poisson_arrivals, serve


class Machine:
    """A clock that only work and sleep move, but for a nanosecond a look."""

    def __init__(self, service: float = 0.0) -> None:
        self.now, self.service, self.served = 5.0, service, 0

    def clock(self) -> float:
        self.now += 1e-9
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += max(seconds, 1e-4)

    def call(self) -> None:
        self.now += self.service
        self.served += 1

    def serve(self, arrivals: list[float]) -> list[float]:
        return serve(self.call, arrivals, self.clock, self.sleep)


def test_a_wait_for_a_busy_server_counts() -> None:
    found = Machine(service=0.010).serve([0.0, 0.0, 0.005, 1.0])
    assert found == pytest.approx([10, 20, 25, 10], abs=0.2)


def test_arrivals_are_a_poisson_process_of_the_rate_and_the_seed() -> None:
    arrivals = poisson_arrivals(50.0, 4000, seed=3)
    gaps = np.diff([0.0, *arrivals])
    assert stats.kstest(gaps, stats.expon(scale=1 / 50).cdf).pvalue > 0.01
    assert abs(np.corrcoef(gaps[1:], gaps[:-1])[0, 1]) < 0.05
    assert arrivals == poisson_arrivals(50.0, 4000, seed=3) != poisson_arrivals(50.0, 4000, seed=4)


@pytest.mark.parametrize("busy", [0.3, 0.6])
def test_mean_latency_is_that_of_queueing_theory(busy: float) -> None:
    """Pollaczek and Khinchine: a server of constant time s waits ρs / 2(1 - ρ) on average."""
    s = 0.1
    found = Machine(s).serve(poisson_arrivals(busy / s, 10_000, seed=0))
    assert np.mean(found) == pytest.approx(1e3 * s * (1 + busy / (2 * (1 - busy))), rel=0.05)


@pytest.fixture
def search(monkeypatch: pytest.MonkeyPatch) -> Callable[[float], Any]:
    """The greatest load of a server of 100 ms for a bound, and how many requests were served."""

    def under(bound: float) -> Any:
        machine = Machine(service=0.1)
        monkeypatch.setattr(load, "serve", partial(serve, clock=machine.clock, sleep=machine.sleep))
        return greatest_load(machine.call, 100.0, bound), machine.served

    return under


def test_a_wider_bound_allows_more_load(search: Callable[[float], Any]) -> None:
    found = {bound: search(bound) for bound in (90, 150, 300, 800, 100_000)}
    rates = [one.rate for one, _ in found.values()]
    assert rates == sorted(rates)
    assert rates[0] == 0 < rates[2] < rates[4] == pytest.approx(9.5)
    for bound, (one, _) in found.items():
        assert (one.p99_ms is None) if one.rate == 0 else (100 <= one.p99_ms <= bound)
    assert found[90][1] == 0  # a call alone breaks the bound: nothing is served in vain
    assert found[100_000][1] == load.REQUESTS
