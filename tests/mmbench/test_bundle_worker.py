"""Bundles give the records that their jobs give alone."""

from __future__ import annotations

import json

import pytest
import torch
from torch import nn

import mmbench
from mmbench import worker
from mmbench.bundle_worker import run_item
from mmbench.bundles import MAX_JOBS, Bundle
from mmbench.errors import NotApplicable
from mmbench.jobs import Objective

NOT_REPEATED = (
    *("started_at", "data_seconds", "train_seconds", "evaluate_seconds"),
    *("batch_seconds", "peak_memory_mb", "lanes"),
)


class Moody(nn.Module):
    """Refuses, or fails, at some seeds: those whose first training target is of that class."""

    def __init__(self, dims, out_dim):
        super().__init__()
        self.body = nn.Linear(sum(dims.values()), out_dim)

    def initialise(self, task, targets):
        mood = int(torch.randint(3, ()))
        if mood == 0:
            raise NotApplicable("not today")
        if mood == 1:
            raise ZeroDivisionError("in a mood")

    def forward(self, features):
        return self.body(torch.cat(list(features.values()), dim=1))


@pytest.fixture
def run(bench):
    bench.put(mmbench.Fusion("moody", Moody))

    def both(fusion, seeds):
        jobs = tuple(bench.job(fusion, seed=seed) for seed in range(seeds))
        phases = []
        found = run_item(Bundle(jobs), lambda phase, done: phases.append((phase, done)))
        return found["records"], [run_item(job, lambda phase, done: None) for job in jobs], phases

    return both


def same(found, expected):
    assert found.keys() == expected.keys()
    for name, value in expected.items():
        if name in NOT_REPEATED:
            continue
        numbers = value if isinstance(value, list) else [value]
        if all(isinstance(number, float) for number in numbers):
            assert found[name] == pytest.approx(value, rel=1e-3, abs=1e-5), name
        else:
            assert found[name] == value, name


def test_records_are_those_of_the_jobs_alone(run):
    together, alone, phases = run("concat", 5)
    for found, expected in zip(together, alone, strict=True):
        assert (found["lanes"], expected["lanes"]) == (5, 1)
        same(found, expected)
        assert found["train_seconds"] > 0
        json.dumps(found, allow_nan=False)
    seen = [phase for phase, _ in phases]
    assert list(dict.fromkeys(seen)) == ["load", "data", "build", "train", "evaluate"]


def test_what_one_job_fails_of_costs_no_other(run):
    together, alone, _ = run("moody", 8)
    assert {record["status"] for record in alone} == {"ok", "failed", "skipped"}
    for found, expected in zip(together, alone, strict=True):
        assert (found["status"], found["phase"], found["error"]) == (
            expected["status"],
            expected["phase"],
            expected["error"],
        )


def test_a_job_that_cannot_be_opened_is_its_own_failure(run):
    together, _, _ = run("nowhere", 5)
    assert {record["status"] for record in together} == {"failed"}
    assert all(record["phase"] == "build" for record in together)


def test_bundles_of_the_same_seeds_share_prepared_data(bench):
    bench.run()  # forgets what was kept
    for weight in (0.5, 1.0):
        jobs = (
            bench.job(seed=seed, objective=Objective(lambdas={"joint": weight}))
            for seed in range(MAX_JOBS)
        )
        run_item(Bundle(tuple(jobs)), lambda phase, done: None)
    assert worker._vault.misses == MAX_JOBS
