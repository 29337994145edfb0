from __future__ import annotations

import gc
import time
from collections.abc import Callable

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.utils.benchmark import Timer

from mmbench.latency import measure, peak_bytes, summarise

TIMES = st.lists(st.floats(1e-3, 1e3), min_size=1, max_size=700)


@given(times=TIMES, factor=st.floats(0.1, 10))
def test_quantiles_are_ordered_in_range_and_scale(times: list[float], factor: float) -> None:
    latency = summarise(times, 0.0)
    scaled = summarise([time * factor for time in times], 0.0)
    found = [q for q in (latency.median_ms, latency.p90_ms, latency.p99_ms) if q is not None]
    assert found == sorted(found)
    assert min(times) * 0.999 <= found[0]
    assert found[-1] <= max(times) * 1.001
    assert scaled.median_ms == pytest.approx(latency.median_ms * factor)


@given(times=TIMES)
def test_half_of_the_calls_took_no_longer_than_the_median(times: list[float]) -> None:
    median = summarise(times, 0.0).median_ms
    below = sum(time <= median * 1.000001 for time in times)
    above = sum(time >= median * 0.999999 for time in times)
    assert 2 * below >= len(times)
    assert 2 * above >= len(times)


@pytest.mark.parametrize(
    ("count", "p90", "p99"),
    [
        (1, False, False),
        (19, False, False),
        (20, True, False),
        (499, True, False),
        (500, True, True),
    ],
)
def test_a_quantile_needs_a_sample_that_supports_it(count: int, p90: bool, p99: bool) -> None:
    latency = summarise([float(value) for value in range(count)], 0.0)
    assert latency.samples == count
    assert (latency.p90_ms is not None, latency.p99_ms is not None) == (p90, p99)


def test_quantiles_of_known_times() -> None:
    latency = summarise([float(value) for value in range(1001)], 0.5)
    assert (latency.median_ms, latency.p90_ms, latency.p99_ms) == (500.0, 900.0, 990.0)
    assert latency.resolution_ms == 0.5


def test_a_known_wait_is_measured() -> None:
    latency = measure(
        lambda: time.sleep(0.01), min_samples=5, min_seconds=0.0, max_seconds=10.0, warmup=0
    )
    assert latency.samples == 5
    assert 10 <= latency.median_ms < 50
    assert 0 < latency.resolution_ms < 0.1


def test_agrees_with_the_timer_of_torch() -> None:
    x = torch.randn(300, 300)
    ours = measure(lambda: x @ x, min_samples=50, min_seconds=0.1, max_seconds=5.0)
    theirs = Timer("x @ x", globals={"x": x}).blocked_autorange(min_run_time=0.1)
    assert theirs.median * 1e3 / 5 < ours.median_ms < theirs.median * 1e3 * 5


@pytest.mark.parametrize(
    ("limits", "expected"),
    [
        ({"min_samples": 7, "min_seconds": 0.0, "max_seconds": 10.0}, lambda n: n == 7),
        ({"min_samples": 1, "min_seconds": 0.1, "max_seconds": 10.0}, lambda n: 3 <= n <= 20),
        ({"min_samples": 1000, "min_seconds": 5.0, "max_seconds": 0.1}, lambda n: 2 <= n <= 20),
        ({"min_samples": 10, "min_seconds": 5.0, "max_seconds": 1e-9}, lambda n: n == 1),
    ],
)
def test_how_long_it_measures(limits: dict[str, float], expected: Callable[[int], bool]) -> None:
    assert expected(measure(lambda: time.sleep(0.005), warmup=0, **limits).samples)  # type: ignore[arg-type]


def test_warm_up_is_not_counted_and_calls_run_without_gradients_or_collector() -> None:
    seen: list[tuple[bool, bool]] = []
    latency = measure(
        lambda: seen.append((torch.is_inference_mode_enabled(), gc.isenabled())),
        min_samples=10,
        min_seconds=0.0,
        warmup=3,
    )
    assert latency.samples == 10
    assert seen == [(True, False)] * 13
    assert gc.isenabled()
    assert not torch.is_inference_mode_enabled()


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")
def test_on_cuda_the_call_is_waited_for_and_its_memory_counted() -> None:
    x = torch.randn(2048, 2048, device="cuda")
    latency = measure(lambda: x @ x, device="cuda", min_samples=20)
    theirs = Timer("x @ x", globals={"x": x}).blocked_autorange(min_run_time=0.1)
    assert latency.median_ms == pytest.approx(theirs.median * 1e3, rel=0.5)
    assert peak_bytes(lambda: x + 1, "cuda") == pytest.approx(
        x.untyped_storage().nbytes(), rel=0.01
    )
