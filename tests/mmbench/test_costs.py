from __future__ import annotations

import pytest

from mmbench.bundles import shape
from mmbench.costs import Costs
from mmbench.jobs import Pick


@pytest.fixture
def record(bench):
    """`record(job, train, …)` is what a run would have noted."""

    def make(job, train=0.0, status="ok", **more):
        return {**job.columns(), "status": status, "train_seconds": train, **more}

    return make


def test_a_job_costs_the_mean_of_its_shape(bench, record):
    costs = Costs()
    costs.add(record(bench.job(seed=0), 2.0, evaluate_seconds=0.5))
    costs.add(record(bench.job(seed=1, again=True), 4.0, evaluate_seconds=0.5))
    costs.add(record(bench.job("other"), 100.0))
    assert costs.seconds(bench.job(seed=7)) == 3.5
    assert shape(bench.job(seed=7).spec()) in costs
    assert shape(bench.job("third").spec()) not in costs


def test_only_the_share_of_a_training_counts(bench, record):
    costs = Costs()
    costs.add(record(bench.job(), 10.0, evaluate_seconds=1.0), 0.3)
    assert costs.seconds(bench.job()) == 4.0


def test_an_unknown_job_costs_what_is_most_alike(bench, record):
    there = Pick("sights")
    costs = Costs()
    assert costs.seconds(bench.job()) == 0.0
    costs.add(record(bench.job("a", dataset=there), 1.0))
    assert costs.seconds(bench.job("new")) == 1.0
    costs.add(record(bench.job("a", weighting=Pick("slow")), 9.0))
    assert costs.seconds(bench.job("new")) == 9.0
    costs.add(record(bench.job("a"), 2.0))
    costs.add(record(bench.job("b"), 4.0))
    assert costs.seconds(bench.job("new")) == 3.0
    assert costs.seconds(bench.job("new", dataset=there)) == 1.0


def test_a_failure_costs_nothing_and_says_nothing_of_others(bench, record):
    costs = Costs()
    costs.add(record(bench.job("a"), 2.0))
    costs.add({**bench.job("broken").columns(), "status": "failed"})
    assert costs.seconds(bench.job("broken", seed=3)) == 0.0
    assert costs.seconds(bench.job("new")) == 2.0


def test_data_and_memory_are_those_of_a_dataset(bench, record):
    there = Pick("sights")
    costs = Costs()
    costs.add(record(bench.job(), data_seconds=0.7, peak_memory_mb=500.0))
    costs.add(record(bench.job(seed=1), data_seconds=0.0, peak_memory_mb=None))
    costs.add(record(bench.job(dataset=there), data_seconds=3.0, peak_memory_mb=900.0))
    assert (costs.data_seconds("views"), costs.data_seconds("sights")) == (0.7, 3.0)
    assert costs.data_seconds("nowhere") == 0.0
    assert costs.peaks(["views"]) == [500.0]
    assert sorted(costs.peaks(["views", "sights", "nowhere"])) == [500.0, 900.0]
