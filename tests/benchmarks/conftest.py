"""What benchmarks share. Seconds are of the processor: other work on the machine matters less to them."""

from __future__ import annotations

import json
import math
import shutil
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import pytest

from mmbench.options import RunOptions, read_options
from mmbench.registry import load_registry
from mmbench.suite import plan

ROUNDS = 20
TRIES = 3
PUBLISHED = Path(__file__).parents[2] / "results" / "quick"


@pytest.hookimpl(tryfirst=True)
def pytest_benchmark_group_stats(benchmarks: list[dict[str, Any]]) -> None:
    """What else was found stands behind a benchmark's name: the table has no column for it."""
    for found in benchmarks:
        found["name"] += "".join(f", {what} {x:.3g}" for what, x in found["extra_info"].items())


@pytest.fixture
def against(benchmark: Any) -> Callable[..., None]:
    """`against(base, work)` times both in turns, so that a busy moment meets both, and notes the ratio."""

    def compare(base: Callable[[], object], work: Callable[[], object]) -> None:
        turns: list[float] = []

        def turn() -> None:
            started = time.process_time()
            base()
            turns.append(time.process_time() - started)

        benchmark.pedantic(work, setup=turn, rounds=ROUNDS, warmup_rounds=1)
        if benchmark.enabled:
            benchmark.extra_info["ratio"] = benchmark.stats.stats.min / min(turns)

    return compare


@pytest.fixture
def within(benchmark: Any) -> Callable[..., Any]:
    """`within(limit, work)` is what `work` gives, which takes at most `limit` seconds in one of three tries.

    Where nothing is measured, as in `make test`, twice the limit: the machine may be busy.
    """

    def check(
        limit: float, work: Callable[[], Any], clock: Callable[[], float] = time.process_time
    ) -> Any:
        tries: list[float] = []

        def once() -> Any:
            started = clock()
            found = work()
            tries.append(clock() - started)
            return found

        found = benchmark.pedantic(once)
        allowed = limit if benchmark.enabled else 2 * limit
        while min(tries) > allowed and len(tries) < TRIES:
            once()
        assert min(tries) <= allowed
        return found

    return check


@pytest.fixture
def count(benchmark: Any) -> int:
    """How many jobs or records to measure with; a test that measures nothing makes do with fewer."""
    return 100_000 if benchmark.enabled else 10_000


@pytest.fixture
def asked(count: int) -> RunOptions:
    """A run of `count` jobs and a few more: everything, with as many seeds as it takes."""
    given = {"all": True, "latency": False, "device": "cpu"}
    one_seed = plan(read_options(None, {**given, "seeds": 1}), load_registry(), "cpu")
    return read_options(None, {**given, "seeds": math.ceil(count / len(one_seed))})


@pytest.fixture(scope="session")
def published() -> list[dict[str, Any]]:
    """Records of a true run."""
    lines = (PUBLISHED / "journal.jsonl").read_text().splitlines()
    return [json.loads(line) for line in lines]


@pytest.fixture
def write(tmp_path: Path) -> Callable[[Iterable[dict[str, Any]]], Path]:
    """`write(records)` makes a results folder of them, with the latencies of the true run."""

    def make(records: Iterable[dict[str, Any]]) -> Path:
        shutil.copy(PUBLISHED / "latency.jsonl", tmp_path)
        with (tmp_path / "journal.jsonl").open("w") as file:
            file.writelines(f"{json.dumps(record)}\n" for record in records)
        return tmp_path

    return make
