from __future__ import annotations

import os

import pytest
import torch

from mmbench.jobs import Job
from mmbench.latency.subjects import build, costs, times
from mmbench.latency.variants import PRECISIONS, Variant
from mmbench.options import read_options
from mmbench.registry import load_registry
from mmbench.suite import plan

DEVICES = [
    "cpu",
    pytest.param(
        "cuda",
        marks=pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device"),
    ),
]


@pytest.fixture(scope="module")
def job() -> Job:
    given = {"fusions": ["concat"], "datasets": ["mfeat"], "seeds": 1, "device": "cpu"}
    [found] = plan(read_options(None, given), load_registry(), "cpu")
    return found


@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize("precision", PRECISIONS)
def test_a_model_runs_where_it_should_and_its_costs_are_known(
    job: Job, device: str, precision: str
) -> None:
    before = os.environ.get("TORCHINDUCTOR_CACHE_DIR")
    subject = build(job, 4, Variant(device, precision, "eager"))
    assert os.environ.get("TORCHINDUCTOR_CACHE_DIR") == before
    parameters = list(subject.model.parameters())
    assert {parameter.device.type for parameter in parameters} == {device}
    assert subject.columns["params"] == sum(parameter.numel() for parameter in parameters)
    assert subject.columns["compile_ms"] is None
    found = costs(subject, 1.0, None)
    weights = [weight for weight in parameters if weight.ndim == 2]
    assert found["flops"] == 4 * sum(2 * weight.numel() for weight in weights)
    assert found["uncounted"]["relu"] == 4
    assert found["peak_memory_mb"] > 0
    assert "load_rate" not in found


def test_two_builds_are_one_model(job: Job) -> None:
    first, again = (build(job, 2, Variant("cpu", "float32", "eager")) for _ in range(2))
    assert first.model is not again.model
    pairs = zip(first.model.parameters(), again.model.parameters(), strict=True)
    assert all(one.equal(other) for one, other in pairs)


def test_times_become_quantiles_and_throughput() -> None:
    found = times([float(rank) for rank in range(1, 102)], 8)
    assert (found["samples"], found["median_ms"], found["p90_ms"]) == (101, 51, 91)
    assert (found["p99_ms"], found["p99_low_ms"], found["p99_high_ms"]) == (None, None, None)
    assert found["throughput"] == pytest.approx(8 / 0.051)
    assert "throughput" not in times([1.0], 8)
