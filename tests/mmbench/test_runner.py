from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from mmbench import runner
from mmbench.engine import EngineSettings, Event, Finished, Item, Progress, Started
from mmbench.errors import JournalError, UsageError
from mmbench.journal import Journal
from mmbench.options import read_options
from mmbench.registrations import Engine
from mmbench.results import LATENCIES, load
from mmbench.runner import Outcome, execute


class Bench:
    """An engine that trains nothing: it fails, or breaks off, where a test says so."""

    def __init__(self) -> None:
        self.fails: set[str] = set()
        self.interrupt_after: int | None = None
        self.settings: list[EngineSettings] = []
        self.ran: list[str] = []
        self.closed = 0
        self.reports = 0

    def engine(self, items: Sequence[Item], settings: EngineSettings) -> Iterator[Event]:
        self.settings.append(settings)
        try:
            for count, item in enumerate(items):
                if count == self.interrupt_after:
                    raise KeyboardInterrupt
                yield Started(item.key)
                yield Progress(item.key, "train", 0.5)
                columns = item.columns()
                name = columns.get("fusion", "")
                self.ran.append(name)
                status = "failed" if name in self.fails else "ok"
                result = {
                    "status": status,
                    "phase": "train",
                    "error": "",
                    "model": name,
                    "score": 1,
                }
                yield Finished(item.key, {**columns, **result, "hyperparameters": "{}"})
        finally:
            self.closed += 1

    def report(self, folder: Path, out: Path | None = None) -> Path:
        self.reports += 1
        page = folder / "index.html"
        page.write_text("page")
        return page


@pytest.fixture
def bench(monkeypatch: pytest.MonkeyPatch, build: Callable[..., Any]) -> Bench:
    bench = Bench()
    registry = build(engines=[Engine("here", bench.engine, role="default")])
    monkeypatch.setattr(runner, "load_registry", lambda: registry)
    monkeypatch.setattr(runner, "make_report", bench.report)
    return bench


@pytest.fixture
def go(bench: Bench, tmp_path: Path) -> Callable[..., Outcome]:
    def run(listener: Any = None, **given: Any) -> Outcome:
        defaults = {"fusions": ["join", "extra"], "seeds": 1, "latency": False, "device": "cpu"}
        options = read_options(None, {**defaults, "out": tmp_path / "out", **given})
        return execute(options, listener)

    return run


Go = Callable[..., Outcome]


def statuses(folder: Path) -> list[tuple[str, str]]:
    return [(record["fusion"], record["status"]) for record in Journal(folder).read()]


def test_a_run_does_what_has_no_record(go: Go, bench: Bench) -> None:
    first = go()
    assert (first.ran, first.left, list(first.failed)) == (2, 0, [])
    assert statuses(first.folder) == [("join", "ok"), ("extra", "ok")]
    assert bench.closed == bench.reports == 1
    wider = go(fusions=["extra", "prior", "join"])
    assert (wider.ran, len(wider.jobs)) == (1, 3)
    assert bench.ran == ["join", "extra", "prior"]
    same = go()
    assert (same.ran, same.left) == (0, 0)
    assert bench.reports == 2
    assert same.report == same.folder / "index.html"


def test_a_record_of_a_dead_worker_says_when_it_began_and_with_what(go: Go) -> None:
    outcome = go()
    for record in Journal(outcome.folder).read():
        assert set(record) >= {"started_at", "torch_version", "mmbench_version", "schema", "job"}


def test_a_failure_stays_until_it_is_retried(go: Go, bench: Bench) -> None:
    bench.fails = {"join"}
    assert [record["fusion"] for record in go().failed] == ["join"]
    again = go()
    assert (again.ran, [record["fusion"] for record in again.failed]) == (0, ["join"])
    bench.fails = set()
    retried = go(retry_failed=True)
    assert (retried.ran, list(retried.failed)) == (1, [])
    assert bench.ran == ["join", "extra", "join"]
    assert list(load(retried.folder)["status"]) == ["ok", "ok"]


def test_fail_fast_stops_at_the_first_failure(go: Go, bench: Bench) -> None:
    bench.fails = {"join"}
    outcome = go(fail_fast=True)
    assert (outcome.ran, outcome.left) == (1, 1)
    assert bench.ran == ["join"]
    assert bench.closed == 1


def test_fresh_sets_every_record_aside(go: Go, bench: Bench) -> None:
    folder = go().folder
    before = (folder / "journal.jsonl").read_bytes()
    outcome = go(fresh=True, fusions=["join"])
    assert outcome.ran == 1
    assert statuses(folder) == [("join", "ok")]
    assert [path.read_bytes() for path in folder.glob("*.old")] == [before]


def test_an_interrupt_keeps_what_is_done_and_the_next_run_goes_on(go: Go, bench: Bench) -> None:
    bench.interrupt_after = 1
    outcome = go()
    assert (outcome.interrupted, outcome.ran, outcome.left) == (True, 1, 1)
    assert statuses(outcome.folder) == [("join", "ok")]
    assert len(bench.settings) == 1
    bench.interrupt_after = None
    assert go().ran == 1
    assert bench.ran == ["join", "extra"]


def test_a_listener_hears_the_stage_and_every_event(go: Go) -> None:
    class Ear:
        def __init__(self) -> None:
            self.heard: list[Any] = []

        def begin(self, title: str, total: int) -> None:
            self.heard.append((title, total))

        def event(self, event: Event) -> None:
            self.heard.append(type(event))

        def end(self) -> None:
            self.heard.append("end")

    ear = Ear()
    go(ear)
    assert ear.heard == [("Training", 2), *([Started, Progress, Finished] * 2), "end"]


def test_the_engine_gets_the_options(go: Go, bench: Bench) -> None:
    go(jobs=5, timeout=9)
    [settings] = bench.settings
    work = "mmbench.bundle_worker:run_item"
    assert settings == EngineSettings(work, workers=2, threads=1, timeout=9)


def test_latency_is_measured_alone_once_a_shape_and_renews_the_page(go: Go, bench: Bench) -> None:
    folder = go(seeds=2).folder
    assert bench.reports == 1
    go(seeds=2, latency=True, jobs=2)
    *before, last = bench.settings
    assert (last.work, last.workers) == ("mmbench.profiling:profile_shape", 1)
    assert last.work not in [settings.work for settings in before]
    assert [record["model"] for record in Journal(folder, LATENCIES).read()] == ["", ""]
    assert bench.reports == 2


def test_the_run_is_described_in_the_folder(go: Go) -> None:
    folder = go(epochs=3).folder
    manifest = json.loads((folder / "run.json").read_text())
    assert manifest["options"]["epochs"] == 3
    assert manifest["command"].startswith("mmbench")
    assert {"started_at", "workers", "machine", "plugins"} <= set(manifest)


def test_one_folder_has_one_writer(go: Go, tmp_path: Path) -> None:
    with Journal(tmp_path / "out"), pytest.raises(JournalError):
        go()


def test_python_gets_the_records(bench: Bench, tmp_path: Path) -> None:
    frame = runner.run(
        fusions=["join", "prior"], seeds=2, latency=False, device="cpu", out=tmp_path / "out"
    )
    assert sorted(zip(frame["fusion"], frame["seed"], strict=True)) == [
        ("join", 0),
        ("join", 1),
        ("prior", 0),
        ("prior", 1),
    ]
    with pytest.raises(UsageError, match=r"Unknown fusion 'joni'\. Did you mean 'join'"):
        runner.run(fusions=["joni"], out=tmp_path / "other")
    assert not (tmp_path / "other").exists()


class Together(Bench):
    """An engine that gives bundles their records, or loses them as a whole."""

    def __init__(self, loses: bool) -> None:
        super().__init__()
        self.loses = loses
        self.items: list[int] = []

    def engine(self, items: Sequence[Item], settings: EngineSettings) -> Iterator[Event]:
        for item in items:
            jobs = getattr(item, "jobs", (item,))
            self.items.append(len(jobs))
            yield Started(item.key)
            result = {"status": "ok", "phase": "done", "error": ""}
            if len(jobs) > 1 and self.loses:
                yield Finished(item.key, {**item.columns(), **result, "status": "failed"})
            elif len(jobs) > 1:
                yield Finished(item.key, {"records": [{**job.columns(), **result} for job in jobs]})
            else:
                yield Finished(item.key, {**item.columns(), **result})


class Heard:
    def __init__(self) -> None:
        self.total, self.finished = 0, 0

    def begin(self, title: str, total: int) -> None:
        self.total += total

    def event(self, event: Event) -> None:
        self.finished += isinstance(event, Finished)

    def end(self) -> None: ...


@pytest.mark.parametrize("loses", [False, True])
def test_a_bundle_gives_a_record_a_job_and_is_run_alone_where_it_is_lost(
    loses: bool,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    build: Callable[..., Any],
) -> None:
    bench, heard = Together(loses), Heard()
    registry = build(engines=[Engine("here", bench.engine, role="default")])
    monkeypatch.setattr(runner, "load_registry", lambda: registry)
    monkeypatch.setattr(runner, "make_report", bench.report)
    monkeypatch.setattr("mmbench.bundles._vectorises", lambda job, registry: True)
    given = {"fusions": ["join"], "seeds": 6, "jobs": 1, "latency": False, "device": "cpu"}
    outcome = execute(read_options(None, {**given, "out": tmp_path}), heard)
    assert bench.items == ([6, 1, 1, 1, 1, 1, 1] if loses else [6])
    assert (outcome.ran, outcome.left, heard.total, heard.finished) == (6, 0, 6, 6)
    records = Journal(tmp_path).read()
    assert {record["status"] for record in records} == {"ok"}
    assert sorted(record["seed"] for record in records) == list(range(6))
    assert all("started_at" in record for record in records)
