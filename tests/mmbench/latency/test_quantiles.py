from __future__ import annotations

from math import comb

import numpy as np
import pytest

from mmbench.latency.quantiles import quantile


def below(n: int, level: float, k: int) -> float:
    """P(fewer than k of n values are at most the quantile)."""
    return sum(comb(n, i) * level**i * (1 - level) ** (n - i) for i in range(k))


@pytest.mark.parametrize(("n", "level"), [(6, 0.5), (50, 0.5), (36, 0.9), (100, 0.9), (368, 0.99)])
def test_the_ends_are_the_order_statistics_that_the_binomial_asks_for(n: int, level: float) -> None:
    found = quantile([float(rank) for rank in range(1, n + 1)], level)
    assert found is not None
    low, high = round(found.low), round(found.high)
    assert below(n, level, low) <= 0.025 < below(n, level, low + 1)
    assert 1 - below(n, level, high) <= 0.025 < 1 - below(n, level, high - 1)
    assert found.low <= found.value <= found.high


@pytest.mark.parametrize(("n", "level"), [(1, 0.5), (5, 0.5), (35, 0.9), (367, 0.99)])
def test_a_sample_too_small_supports_no_quantile(n: int, level: float) -> None:
    assert quantile(list(np.linspace(1, 2, n)), level) is None


def test_intervals_hold_the_quantile_as_often_as_they_say() -> None:
    rng = np.random.default_rng(0)
    found = [quantile(list(rng.exponential(size=80)), 0.9) for _ in range(800)]
    held = [one is not None and one.low <= np.log(10) <= one.high for one in found]
    assert 0.94 < np.mean(held) < 0.985
