"""The arithmetic of an estimate, with an engine that measures what the test says."""

from __future__ import annotations

from dataclasses import replace

import pytest

import mmbench
from mmbench import probes
from mmbench.engine import Finished, Started
from mmbench.estimate import LATENCY_SECONDS, OWN_STARTS, REPORT_SECONDS, START_SECONDS, estimate
from mmbench.jobs import Pick
from mmbench.journal import Journal
from mmbench.options import read_options
from mmbench.profiling import BATCHES, MIN_SECONDS


class Silent:
    def begin(self, title, total): ...
    def event(self, event): ...
    def end(self): ...


class Bench:
    """Options, jobs and records; each probe takes a second of a clock, and finds a cost."""

    def __init__(self, bench, folder):
        self.bench, self.folder, self.now = bench, folder, 0.0
        self.costs: dict[str, float] = {}
        self.probed: list[str] = []

    def job(self, fusion="concat", **changes):
        return self.bench.job(fusion, **changes)

    def engine(self, items, settings):
        self.now += 5.0
        for item in items:
            yield Started(item.key)
            self.now += 1.0
            columns = item.columns()
            self.probed.append(columns["fusion"])
            seconds = self.costs.get(columns["fusion"])
            status = "failed" if seconds is None else "ok"
            found = {"train_seconds": seconds, "data_seconds": 2.0, "peak_memory_mb": 400.0}
            yield Finished(item.key, {**columns, "status": status, **(found if seconds else {})})

    def note(self, job, seconds, **more):
        found = {"status": "ok", "train_seconds": seconds, "epochs_run": 4, "peak_memory_mb": 600.0}
        with Journal(self.folder) as journal:
            journal.append({**job.columns(), **found, **more})

    def estimate(self, *jobs, limit=60.0, **given):
        options = read_options(None, {"jobs": 2, "latency": False, "out": self.folder, **given})
        return estimate(options, self.bench.registry, jobs, Silent(), limit)


@pytest.fixture
def run(bench, tmp_path, monkeypatch):
    run = Bench(bench, tmp_path / "results")
    monkeypatch.setattr(probes, "clock", lambda: run.now)
    bench.put(mmbench.Engine("fake", run.engine, role="default"))
    for name in ("single", "double", "broken"):
        bench.put(mmbench.Fusion(name, object, vectorises=False))
    return run


def around(jobs, start=START_SECONDS):
    """What a run takes besides its jobs."""
    return start * (1 + OWN_STARTS) + REPORT_SECONDS * jobs


def test_shapes_without_a_record_are_measured_and_workers_share_the_jobs(run):
    run.costs = {"double": 10.0, "single": 4.0}
    found = run.estimate(*(run.job(name, seed=s) for s in range(2) for name in run.costs))
    assert sorted(run.probed) == ["double", "single"]
    # 10 + 10 of one worker and 4 + 4 of the other would be 20; each takes what comes next: 10 + 4, 4 + 10.
    data = 2.0 * 2  # each of two workers prepares two seeds
    assert found.seconds == pytest.approx(14.0 + data + around(4, start=5.0))
    assert (found.workers, found.measured, found.recorded, found.alike) == (2, 2, 0, 0)
    assert found.memory_mb == 2 * 400.0 + 400.0
    assert found.at_most
    assert not run.folder.exists()


def test_records_are_used_and_nothing_is_measured(run):
    run.note(run.job(seed=0), 10.0, data_seconds=1.0, evaluate_seconds=2.0)
    found = run.estimate(*(run.job(seed=s) for s in range(4)))
    assert run.probed == []
    # Three are left: two go to one worker.
    assert found.seconds == pytest.approx(2 * 12.0 + 3 * 1.0 / 2 + around(4))
    assert (found.measured, found.recorded, found.at_most) == (0, 1, False)
    assert found.memory_mb == 3 * 600.0


def test_records_tell_how_early_trainings_stop(run):
    run.costs = {"single": 8.0}
    run.note(run.job(), 10.0, epochs_run=3)
    found = run.estimate(run.job(), run.job("single"))
    assert found.seconds == pytest.approx(8.0 * 3 / 4 + 2.0 + around(2, start=5.0))
    assert not found.at_most


def test_a_run_that_is_done_costs_nothing(run):
    run.note(run.job(), 10.0)
    found = run.estimate(run.job())
    assert (found.seconds, found.workers, found.memory_mb) == (0.0, 0, None)


def test_fresh_runs_everything_and_a_failure_only_where_it_is_retried(run):
    run.note(run.job(), 10.0)
    run.note(run.job("single"), 0.0, status="failed")
    run.costs = {"concat": 20.0, "single": 5.0}
    jobs = run.job(), run.job("single")
    assert run.estimate(*jobs).seconds == 0.0
    assert run.estimate(*jobs, retry_failed=True).measured == 1
    assert run.probed == ["single"]
    assert run.estimate(*jobs, fresh=True).seconds == pytest.approx(
        20.0 + 2.0 + around(2, start=5.0)
    )


def test_what_cannot_be_measured_counts_nothing_and_is_said(run):
    run.costs = {"concat": 10.0}
    found = run.estimate(run.job(), run.job("broken"))
    assert (found.measured, found.failed, found.alike) == (1, 1, 0)
    assert found.seconds == pytest.approx(10.0 + 2.0 + around(2, start=5.0))


def test_when_time_is_up_the_rest_is_like_what_was_measured(run):
    names = ["concat", "single", "double"]
    run.costs = dict.fromkeys(names, 6.0)
    found = run.estimate(*map(run.job, names), limit=1.5)
    assert len(run.probed) == found.measured == 2
    assert found.alike == 1
    assert found.seconds == pytest.approx(12.0 + 2.0 + around(3, start=5.0))


def test_a_bundle_costs_the_sum_of_its_jobs(run):
    run.costs = {"concat": 3.0}
    found = run.estimate(*(run.job(seed=s) for s in range(6)), jobs=1)
    assert run.probed == ["concat"]
    assert found.seconds == pytest.approx(18.0 + 6 * 2.0 + around(6, start=5.0))


def test_latency_is_measured_once_a_shape_of_model(run):
    run.note(run.job(), 10.0)
    jobs = [run.job(seed=s, weighting=Pick(w)) for s in range(2) for w in ("sum", "more")]
    run.costs = {"concat": 10.0}
    run.bench.put(mmbench.Weighting("more", mmbench.LossWeighting))
    without, with_ = (run.estimate(*jobs, latency=latency).seconds for latency in (False, True))
    assert with_ - without == pytest.approx(LATENCY_SECONDS + 5.0)
    tuned = [replace(job, search={"fusion.dropout": "Float"}) for job in jobs]
    free, more = (run.estimate(*tuned, latency=latency).seconds for latency in (False, True))
    assert more - free == pytest.approx(2 * LATENCY_SECONDS + 5.0)
    with Journal(run.folder, "latency.jsonl") as latencies:
        latencies.append({"job": "a-cpu"})
    assert run.estimate(*jobs, latency=True).seconds == pytest.approx(without)


def test_a_shape_of_model_is_timed_for_as_long_as_is_reckoned():
    assert len(BATCHES) * MIN_SECONDS <= LATENCY_SECONDS <= 2 * len(BATCHES) * MIN_SECONDS
