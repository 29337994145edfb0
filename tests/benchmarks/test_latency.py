"""Whether a latency can be believed: against itself, and against the timer of torch."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
import pytest
import torch
from torch.utils.benchmark import Timer

from mmbench.latency import alone
from mmbench.latency.rounds import Pace, noise_floor, time_in_rounds
from mmbench.latency.subjects import build
from mmbench.latency.variants import Variant
from mmbench.options import read_options
from mmbench.registry import load_registry
from mmbench.suite import plan

pytestmark = pytest.mark.slow
TRIES = 3
"""A busy moment of the machine is no fault of the method."""


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    with alone():
        yield
    torch.set_num_threads(threads)


def model() -> Callable[[], object]:
    given = {"fusions": ["concat"], "datasets": ["mfeat"], "seeds": 1, "device": "cpu"}
    [job] = plan(read_options(None, given), load_registry(), "cpu")
    return build(job, 8, Variant("cpu", "float32", "eager")).call


def least(measure: Callable[[], float]) -> float:
    return min(measure() for _ in range(TRIES))


def test_two_identical_models_differ_by_less_than_2_percent(benchmark) -> None:
    def difference() -> float:
        timed = time_in_rounds({"first": model(), "again": model()}, Pace(rounds=20))
        return noise_floor(timed["first"], timed["again"]) or 0.0

    benchmark.extra_info["difference"] = found = least(difference)
    benchmark.pedantic(model(), rounds=1)
    assert found < 0.02


def test_medians_agree_with_those_of_torch_within_3_percent(benchmark) -> None:
    """Turn by turn, each a sample of single calls: a block's mean would tell of whoever else runs meanwhile."""
    call = model()
    timer = Timer("call()", globals={"call": call})

    def difference() -> float:
        ours: list[float] = []
        theirs: list[float] = []
        for _ in range(20):
            ours += time_in_rounds({"": call}, Pace(rounds=1))[""].milliseconds
            with torch.inference_mode():
                theirs += [1e3 * timer.timeit(1).mean for _ in range(50)]
        return abs(float(np.median(ours) / np.median(theirs)) - 1)

    benchmark.extra_info["difference"] = found = least(difference)
    benchmark.pedantic(call, rounds=1)
    assert found < 0.03
