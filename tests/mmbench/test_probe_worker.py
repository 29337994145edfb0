"""What a few batches say of a whole training. Seconds are those of the processor: other processes do not count."""

from __future__ import annotations

import gc
import time
from dataclasses import replace

import numpy as np
import pytest
from torch import nn

import mmbench
from mmbench import probe_worker
from mmbench.bundle_worker import run_item
from mmbench.bundles import Bundle
from mmbench.errors import NotApplicable
from mmbench.jobs import Objective
from mmbench.probe_worker import run_probe
from mmbench.probes import Probe


class Taught(mmbench.LossWeighting):
    """Trains each modality by itself before it begins."""

    def begin(self, training):
        self.taught = [training.alone(name).eval() for name in ("left", "right")]


class Patient(mmbench.LossWeighting):
    rounds = 4


class Refuses(nn.Module):
    def __init__(self, dims, out_dim):
        raise NotApplicable("not for such data")


class NotBuilt(nn.Module):
    def __init__(self, dims, out_dim):
        raise ValueError("no such width")


def silent(phase, done):
    pass


@pytest.fixture
def probing(bench, monkeypatch):
    """The bench with data for 30 batches an epoch, and a clock that runs only while this process does."""
    monkeypatch.setattr(time, "perf_counter", time.process_time)
    monkeypatch.setattr(probe_worker, "clock", time.process_time)
    monkeypatch.setattr(probe_worker, "_spent", {})
    rng = np.random.default_rng(0)
    targets = rng.integers(2, size=800)
    inputs = {name: rng.normal(size=(800, 6)) + targets[:, None] for name in ("left", "right")}
    bench.samples = mmbench.Samples(inputs, targets)
    bench.put(
        mmbench.Weighting("taught", Taught, needs=("uni",)),
        mmbench.Weighting("patient", Patient),
        mmbench.Fusion("refuses", Refuses),
        mmbench.Fusion("not_built", NotBuilt),
    )
    bench.run()  # what is slow once is over
    bench.budget = replace(bench.job().budget, epochs=8, patience=8)
    gc.collect()
    gc.disable()  # its turn may take longer than a whole training: after thousands of tests there is much to see
    yield bench
    gc.enable()


def quickest(work, times=3):
    """The record with the least seconds: whatever else happens takes time from some of them only."""
    return min((work() for _ in range(times)), key=lambda record: record.get("train_seconds", 0.0))


def probe(*jobs):
    def measure():
        probe_worker._spent.clear()
        return run_probe(Probe(jobs, 60.0), silent)

    return quickest(measure)


def ratio(found, expected):
    return found["train_seconds"] / expected["train_seconds"]


@pytest.mark.parametrize(
    ("weighting", "terms", "trials"),
    [
        ("sum", "joint", 1),
        ("sum", "joint", 6),
        ("taught", "joint+uni", 1),
        ("patient", "joint", 1),
    ],
)
def test_a_few_batches_tell_the_seconds_of_a_training(probing, weighting, terms, trials):
    changed = {
        "budget": replace(probing.budget, trials=trials),
        "weighting": mmbench.jobs.Pick(weighting),
        "objective": Objective(terms),
    }
    job = probing.job(**changed)
    expected = quickest(lambda: probing.run(job))
    assert expected["status"] == "ok", expected["error"]
    found = probe(job)
    assert found["status"] == "ok", found["traceback"]
    assert 0.5 < ratio(found, expected) < 2
    assert found["job"] == job.key
    assert found["peak_memory_mb"] == pytest.approx(expected["peak_memory_mb"], rel=0.5)


def test_jobs_that_share_a_pass_are_timed_in_one(probing):
    jobs = tuple(probing.job(budget=probing.budget, seed=seed) for seed in range(6))
    expected = quickest(lambda: run_item(Bundle(jobs), silent)["records"][0])
    found = probe(*jobs)
    assert (found["lanes"], expected["lanes"]) == (6, 6)
    assert 0.5 < ratio(found, expected) < 2
    alone = probe(jobs[0])
    assert found["train_seconds"] < alone["train_seconds"]


@pytest.mark.parametrize("task", ["regression", "retrieval"])
def test_every_task_can_be_probed(probing, task):
    probing.task = task
    if task == "regression":
        probing.samples = replace(probing.samples, targets=probing.samples.targets.astype(float))
    job = probing.job(budget=probing.budget)
    expected = quickest(lambda: probing.run(job))
    assert 0.5 < ratio(probe(job), expected) < 2


@pytest.mark.parametrize(("fusion", "status"), [("refuses", "skipped"), ("not_built", "failed")])
def test_what_cannot_be_built_is_a_record_without_seconds(probing, fusion, status):
    found = run_probe(Probe((probing.job(fusion),), 60.0), silent)
    assert (found["status"], found["phase"]) == (status, "build")
    assert "train_seconds" not in found


def test_a_dataset_gets_no_more_than_its_time(probing, monkeypatch):
    now = iter(range(1000))
    monkeypatch.setattr(probe_worker, "clock", lambda: float(next(now)))
    probes = [Probe((probing.job(seed=seed),), 9.0) for seed in range(4)]
    states = [run_probe(probe, silent)["status"] for probe in probes]
    # One probe reads the clock six times: from its begin to its end it takes five seconds.
    assert states == ["ok", "ok", "left", "left"]
