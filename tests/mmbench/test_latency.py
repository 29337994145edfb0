from __future__ import annotations

import gc
import itertools
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.utils.benchmark import Timer

from mmbench.latency import alone, measure, peak_bytes, summarise

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


def test_measurements_do_not_overlap(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))

    def take_a_turn(_: int) -> tuple[float, float]:
        with alone():
            begin = time.monotonic()
            time.sleep(0.1)
            return begin, time.monotonic()

    with ThreadPoolExecutor(3) as pool:
        spans = sorted(pool.map(take_a_turn, range(3)))
    assert all(sooner[1] <= later[0] for sooner, later in itertools.pairwise(spans))


def test_a_measurement_waits_for_another_process(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    with alone():
        (lock,) = tmp_path.iterdir()
        script = (
            f"import sys; sys.path[:] = {sys.path!r}\nfrom pathlib import Path\n"
            f"from mmbench.journal import FileLock\nprint(FileLock(Path({str(lock)!r})).acquire())"
        )
        assert subprocess.check_output([sys.executable, "-c", script], text=True) == "False\n"


def test_the_turn_is_given_back_after_an_error(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    for _ in range(2):
        with pytest.raises(ZeroDivisionError), alone():
            raise ZeroDivisionError


X = torch.zeros(1000)
BYTES = X.untyped_storage().nbytes()


def chain() -> torch.Tensor:
    y = X + 1
    z = y * 2
    del y
    return z - 1


def views() -> torch.Tensor:
    y = X + 1
    view = y.view(10, 100)[2:].t()
    del y
    z = X * 2
    del z
    return view + 1


def inplace() -> torch.Tensor:
    y = X + 1
    return y.mul_(2).relu_()


def kept() -> list[torch.Tensor]:
    return [X + index for index in range(5)]


def reused() -> None:
    for _ in range(10):
        X.clone()


@pytest.mark.parametrize(
    ("call", "expected"),
    [
        (lambda: None, 0),
        (lambda: X.view(10, 100).t(), 0),
        (chain, 2 * BYTES),
        (views, 2 * BYTES),
        (inplace, BYTES),
        (kept, 5 * BYTES),
        (reused, BYTES),
    ],
)
def test_peak_bytes_of_known_programs(call: Callable[[], object], expected: int) -> None:
    assert peak_bytes(call) == expected
    assert peak_bytes(call) == expected


def test_peak_bytes_of_a_perceptron_is_its_two_widest_layers() -> None:
    model = torch.nn.Sequential(
        torch.nn.Linear(8, 64), torch.nn.ReLU(), torch.nn.Linear(64, 32), torch.nn.Linear(32, 4)
    )
    batch = torch.zeros(16, 8)
    assert peak_bytes(lambda: model(batch)) == 16 * (64 + 64) * 4


def test_peak_bytes_grow_with_the_batch() -> None:
    model = torch.nn.TransformerEncoderLayer(16, 2, 32, batch_first=True).eval()
    sizes = [peak_bytes(lambda n=n: model(torch.zeros(n, 4, 16))) for n in (1, 2, 4, 8)]
    assert np.all(np.diff(sizes) > 0)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")
def test_on_cuda_the_call_is_waited_for_and_its_memory_counted() -> None:
    x = torch.randn(2048, 2048, device="cuda")
    latency = measure(lambda: x @ x, device="cuda", min_samples=20)
    theirs = Timer("x @ x", globals={"x": x}).blocked_autorange(min_run_time=0.1)
    assert latency.median_ms == pytest.approx(theirs.median * 1e3, rel=0.5)
    assert peak_bytes(lambda: x + 1, "cuda") == pytest.approx(
        x.untyped_storage().nbytes(), rel=0.01
    )
