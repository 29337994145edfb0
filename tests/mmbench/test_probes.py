"""Which probes run, and for how long."""

from __future__ import annotations

import pytest

import mmbench
from mmbench import probes
from mmbench.engine import Finished, Progress, Started
from mmbench.jobs import Pick
from mmbench.probes import probed


class Heard:
    """A listener, and an engine on whose clock each probe takes two seconds."""

    def __init__(self):
        self.stages, self.events, self.items, self.now, self.closed = [], [], [], 100.0, False

    def begin(self, title, total):
        self.stages.append((title, total))

    def event(self, event):
        self.events.append(event)

    def end(self):
        self.stages.append("end")

    def engine(self, items, settings):
        self.items, self.settings = list(items), settings
        self.now += 4  # to start
        try:
            for item in items:
                yield Started(item.key)
                self.now += 2
                yield Progress(item.key, "train", 0.5)
                status = "left" if item.jobs[0].fusion.params else "ok"
                yield Finished(item.key, {**item.columns(), "status": status})
        finally:
            self.closed = True


@pytest.fixture
def heard(bench, monkeypatch):
    heard = Heard()
    monkeypatch.setattr(probes, "clock", lambda: heard.now)
    bench.put(mmbench.Engine("fake", heard.engine, role="default"))
    return heard


def test_datasets_share_the_time_and_stay_together(bench, heard):
    jobs = [
        bench.job(dataset=Pick(name), seed=seed)
        for seed in range(6)
        for name in ("views", "sights")
    ]
    start, found = probed([(job,) for job in jobs], bench.registry, 2, heard, 60.0)
    assert start == 4
    assert sorted(record["job"] for record in found) == sorted(job.key for job in jobs)
    assert {probe.seconds for probe in heard.items} == {30.0}
    assert [str(probe.jobs[0].dataset) for probe in heard.items] == ["views"] * 6 + ["sights"] * 6
    seeds = [probe.jobs[0].seed for probe in heard.items[:6]]
    assert seeds != sorted(seeds)
    assert (heard.settings.workers, heard.settings.threads) == (2, 1)
    assert heard.stages == [("Measuring", 12), "end"]


def test_measuring_ends_when_its_time_is_up(bench, heard):
    groups = [(bench.job(seed=seed),) for seed in range(1000)]
    _, found = probed(groups, bench.registry, 1, heard, 9.0)
    assert len(found) == 4
    assert heard.closed
    assert heard.stages[-1] == "end"


def test_what_there_was_no_time_for_gives_no_record(bench, heard):
    groups = [(bench.job(Pick("concat", {"dropout": rate})),) for rate in (0.1, 0.2)]
    assert probed([*groups, (bench.job(),)], bench.registry, 1, heard, 60.0)[1] == [
        {**bench.job().columns(), "status": "ok"}
    ]
