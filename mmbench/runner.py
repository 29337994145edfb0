"""A run from options to report: plan, execute what has no record yet, profile, derive."""

from __future__ import annotations

import datetime
import json
import shlex
import sys
from collections.abc import Generator, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, cast

from mmbench.bundles import bundled, members
from mmbench.engine import EngineSettings, Event, Finished, Item, Started
from mmbench.errors import JournalError
from mmbench.jobs import Job
from mmbench.journal import Journal
from mmbench.machine import describe, resolve_device, usable_cores
from mmbench.options import RunOptions, read_options
from mmbench.records import opened
from mmbench.registrations import Report
from mmbench.registry import Plugin, Registry, load_registry
from mmbench.results import JOBS, LATENCIES, MANIFEST, load
from mmbench.suite import plan

if TYPE_CHECKING:
    import pandas as pd

__all__ = [
    "Listener",
    "Outcome",
    "execute",
    "make_report",
    "run",
    "sections_of",
    "unfinished",
    "without_lists",
    "worker_count",
]


class Listener(Protocol):
    """Hears how a run goes on; the command line draws its progress bars from it."""

    def begin(self, title: str, total: int) -> None:
        """A stage of `total` items begins."""

    def event(self, event: Event) -> None:
        """An item started, went on or finished."""

    def end(self) -> None:
        """The stage is over."""


class _Silent:
    def begin(self, title: str, total: int) -> None: ...

    def event(self, event: Event) -> None: ...

    def end(self) -> None: ...


@dataclass(frozen=True)
class Outcome:
    """What became of a run.

    Attributes:
        folder: of the results.
        jobs: the jobs asked for.
        ran: how many of them ran now; the others had a record.
        left: how many have no record, because the run ended early.
        failed: records of those that failed, now or before.
        broken: plugins that could not be loaded.
        interrupted: whether Ctrl-C ended it.
        report: the page, where one was made.

    """

    folder: Path
    jobs: Sequence[Job]
    ran: int = 0
    left: int = 0
    failed: Sequence[Mapping[str, Any]] = ()
    broken: tuple[Plugin, ...] = ()
    interrupted: bool = False
    report: Path | None = None


def run(**options: Any) -> pd.DataFrame:
    """Run a comparison and return its records; the arguments are those of `mmbench.options.RunOptions`.

    Raises:
        UsageError: if the options make no sense.

    """
    outcome = execute(read_options(None, options))
    if outcome.interrupted:
        raise KeyboardInterrupt
    return load(outcome.folder)


def execute(options: RunOptions, listener: Listener | None = None) -> Outcome:
    """Carry out a run.

    Raises:
        UsageError: if the options make no sense.
        JournalError: if the results folder cannot be used.

    """
    registry = load_registry()
    device = resolve_device(options.device)
    jobs = plan(options, registry, device)
    runner = _Runner(options, registry, device, listener or _Silent())
    with Journal(options.out, JOBS) as journal, Journal(options.out, LATENCIES) as latencies:
        if options.fresh:
            journal.set_aside()
            latencies.set_aside()
        return runner.go(jobs, journal, latencies)


def worker_count(options: RunOptions, device: str) -> int:
    """Processes side by side: what was asked for, else one a core, or one on a GPU."""
    return options.jobs or (usable_cores() if device == "cpu" else 1)


def unfinished(
    jobs: Iterable[Job], records: Mapping[str, Mapping[str, Any]], options: RunOptions
) -> list[Job]:
    """The jobs that a run has to do; `records` is job key -> record."""
    done = {
        key
        for key, record in records.items()
        if record["status"] != "failed" or not options.retry_failed
    }
    return [job for job in jobs if job.key not in done]


def make_report(folder: Path, out: Path | None = None) -> Path:
    """Write tables, plots and the page of a results folder, by default into it.

    Returns:
        The page.

    """
    from mmbench.reporting import write_report

    return write_report(load(folder), sections_of("jobs"), out or folder)


def sections_of(records: str) -> list[Report]:
    """The sections about records of this kind, as `Report.records` names it."""
    shelf = load_registry().reports
    found = [shelf[name] for name in shelf if name not in shelf.clashes]
    return [report for report in found if report.records == records]


@dataclass
class _Runner:
    options: RunOptions
    registry: Registry
    device: str
    listener: Listener
    interrupted: bool = field(default=False, init=False)

    def go(self, jobs: list[Job], journal: Journal, latencies: Journal) -> Outcome:
        records: dict[str, Mapping[str, Any]] = {
            record["job"]: without_lists(record) for record in journal.stream()
        }
        todo = unfinished(jobs, records, self.options)
        if todo:
            self._write_manifest()
        finished: list[str] = []
        workers = worker_count(self.options, self.device)
        items = bundled(todo, self.registry, workers)
        work = "mmbench.bundle_worker:run_item"
        for record in self._execute("Training", items, work, journal, workers):
            records[record["job"]] = record
            finished.append(record["job"])
        measured = len(latencies.keys())
        if self.options.latency and not self.interrupted:
            self._profile(jobs, records, latencies)
        mine = [records[job.key] for job in jobs if job.key in records]
        page = self.options.out / "index.html"
        if todo or len(latencies.keys()) > measured or not page.is_file():
            page = make_report(self.options.out)
        return Outcome(
            folder=self.options.out,
            jobs=jobs,
            ran=len(finished),
            left=len({job.key for job in todo} - set(finished)),
            failed=[record for record in mine if record["status"] == "failed"],
            broken=self.registry.broken,
            interrupted=self.interrupted,
            report=page,
        )

    def _profile(
        self, jobs: list[Job], records: Mapping[str, Mapping[str, Any]], latencies: Journal
    ) -> None:
        measured = latencies.keys()
        if all(
            f"{record.get('model')}-{self.device}" in measured
            for record in records.values()
            if record["status"] == "ok"
        ):
            return
        from mmbench.profiling import shapes

        todo = [shape for shape in shapes(jobs, records) if shape.key not in measured]
        work = "mmbench.profiling:profile_shape"
        for _ in self._execute("Latency", todo, work, latencies, workers=1):
            pass

    def _execute(
        self, title: str, items: Sequence[Item], work: str, journal: Journal, workers: int
    ) -> Iterable[Mapping[str, Any]]:
        """Run items, write each record as it comes, and hand it on."""
        if not items:
            return
        self.listener.begin(title, sum(len(members(item)) for item in items))
        try:
            while items:
                left: list[Item] = []
                for record in self._pass(items, work, workers, left):
                    journal.append(record)
                    yield record
                    if self.options.fail_fast and record["status"] == "failed":
                        return
                items = left
        except KeyboardInterrupt:
            self.interrupted = True
        finally:
            self.listener.end()

    def _pass(
        self, items: Sequence[Item], work: str, workers: int, left: list[Item]
    ) -> Iterable[Mapping[str, Any]]:
        """Run items once; the jobs of a bundle that was lost as a whole are `left`, to run alone."""
        named = {item.key: item for item in items}
        begun: dict[str, dict[str, Any]] = {}
        settings = EngineSettings(work, min(workers, len(items)), 1, self.options.timeout)
        engine = self.registry.engines.with_role("default").load()
        events = cast("Generator[Event, None, None]", engine(items, settings))
        try:
            for event in events:
                group = members(named[event.key])
                if isinstance(event, Started):
                    begun |= {member.key: opened(member.columns()) for member in group}
                if not isinstance(event, Finished):
                    self.listener.event(replace(event, key=group[0].key))
                elif len(group) > 1 and "records" not in event.record:
                    left += group
                else:
                    # A worker that died could not say when it began, nor with which versions.
                    for found in event.record.get("records", [event.record]):
                        record = {**begun.pop(found["job"], {}), **found}
                        self.listener.event(Finished(record["job"], record))
                        yield record
        finally:
            events.close()

    def _write_manifest(self) -> None:
        manifest = {
            "command": shlex.join(["mmbench", *sys.argv[1:]]),
            "started_at": datetime.datetime.now(datetime.timezone.utc).isoformat(
                timespec="seconds"
            ),
            "options": self.options.model_dump(mode="json"),
            "workers": worker_count(self.options, self.device),
            "machine": describe(),
            "plugins": [
                {
                    "name": plugin.name,
                    "distribution": plugin.distribution,
                    "version": plugin.version,
                    "error": plugin.error,
                }
                for plugin in self.registry.plugins
            ],
        }
        path = self.options.out / MANIFEST
        try:
            path.write_text(json.dumps(manifest, indent=1), encoding="utf-8")
        except OSError as error:
            raise JournalError(f"Expected to write {path}. Found: {error}.") from error


def without_lists(record: Mapping[str, Any]) -> dict[str, Any]:
    """Without the curves and trials, which fill the memory and are for the report alone."""
    return {name: value for name, value in record.items() if not isinstance(value, list)}
