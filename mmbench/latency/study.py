"""A latency study: every fusion in every variant, in interleaved rounds, to rows in a journal."""

from __future__ import annotations

import datetime
import json
import os
import shlex
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import torch

from mmbench.errors import NotApplicable, UsageError
from mmbench.jobs import Job
from mmbench.journal import Journal
from mmbench.latency.against import busy
from mmbench.latency.lock import alone
from mmbench.latency.rounds import Pace, Timed, noise_floor, reference_call, time_in_rounds
from mmbench.latency.subjects import Subject, build, costs, times
from mmbench.latency.timing import resolution
from mmbench.latency.variants import Variant
from mmbench.machine import describe, resolve_device
from mmbench.options import RunOptions
from mmbench.records import failed, opened, skipped
from mmbench.registry import Registry, load_registry
from mmbench.reporting.files import write_atomically
from mmbench.results import MEASUREMENTS, MEASUREMENTS_MANIFEST
from mmbench.suite import plan

__all__ = ["Settings", "Study", "run_study"]

Row = dict[str, Any]
REFERENCE = ""
"""No fusion has this name."""


@dataclass(frozen=True)
class Settings:
    """What a study measures.

    Attributes:
        fusions: spellings, as in a run; all where none is given.
        dataset: spelling of one dataset; the first embedded one where it is empty.
        encoders: `modality=encoder`.
        batches: samples of one call.
        devices: torch devices, or `auto`; likewise `precisions` and `modes` of `Variant`.
        threads: of one call on the CPU.
        bound_ms: the latency bound of the offered load; None measures none.
        pace: how much is timed.
    """

    fusions: tuple[str, ...] = ()
    dataset: str = ""
    encoders: tuple[str, ...] = ()
    batches: tuple[int, ...] = (1, 8, 64)
    devices: tuple[str, ...] = ("auto",)
    precisions: tuple[str, ...] = ("float32",)
    modes: tuple[str, ...] = ("eager",)
    threads: int = 1
    bound_ms: float | None = None
    pace: Pace = field(default_factory=Pace)

    @property
    def variants(self) -> list[Variant]:
        devices = dict.fromkeys(resolve_device(name) for name in self.devices)
        return [Variant(*chosen) for chosen in product(devices, self.precisions, self.modes)]


@dataclass(frozen=True)
class Study:
    """What became of a study: its rows, and whether Ctrl-C ended it."""

    rows: Sequence[Row]
    interrupted: bool = False


def run_study(settings: Settings, out: Path, said: Callable[[str], None]) -> Study:
    """Measure and write each row once it is known; what the folder held is set aside.

    Args:
        settings: what to measure.
        out: the folder of `MEASUREMENTS`.
        said: hears how it goes on, a line at a time.

    Raises:
        UsageError: if a name, a device or a parameter is wrong.
        JournalError: if the folder cannot be written.
    """
    jobs, variants = _jobs(settings, load_registry()), settings.variants
    rows: list[Row] = []
    with Journal(out, MEASUREMENTS) as journal, _threads(settings.threads):
        journal.set_aside()
        manifest = _manifest(settings)
        write_atomically(out / MEASUREMENTS_MANIFEST, json.dumps(manifest, indent=1).encode())
        for warning in busy(manifest):
            said(f"Warning: {warning}. Others take turns with what is measured.")
        try:
            with alone():
                for variant in variants:
                    _warm_up(jobs, variant)
                for variant, size in product(variants, settings.batches):
                    for row in _group(jobs, size, variant, settings, said):
                        journal.append(row)
                        rows.append(row)
        except KeyboardInterrupt:
            return Study(rows, interrupted=True)
    return Study(rows)


def _jobs(settings: Settings, registry: Registry) -> list[Job]:
    """One job a fusion; fusions that need another kind of data become rows that say so."""
    embedded = [name for name, entry in registry.datasets.entries.items() if entry.embedded]
    options = RunOptions(
        fusions=settings.fusions or ("*",),
        datasets=(settings.dataset or embedded[0],),
        encoders=settings.encoders,
        seeds=1,
    )
    jobs = plan(options, registry, "cpu")
    datasets = sorted({str(job.dataset) for job in jobs})
    if len(datasets) > 1:
        raise UsageError(
            f"Expected one dataset, on which all are measured. Found {', '.join(datasets)}. "
            f"Choose one of them with -d."
        )
    return jobs


def _warm_up(jobs: Sequence[Job], variant: Variant) -> None:
    """Load what the first model would otherwise load within its time to the first result."""
    for job in jobs:
        try:
            build(job, 1, variant)
        except Exception:  # noqa: S112 - it will be a row
            continue
        return


def _group(
    jobs: Sequence[Job],
    size: int,
    variant: Variant,
    settings: Settings,
    said: Callable[[str], None],
) -> Iterator[Row]:
    """Rows of all fusions, whose calls alternate."""
    said(f"{variant}, batch {size}")
    rows: dict[str, Row] = {}
    subjects: dict[str, Subject] = {}
    for job in jobs:
        _try_to_build(job, size, variant, rows, subjects)
    for job in [job for job in jobs if job.fusion_name in subjects][:1]:
        _try_to_build(job, size, variant, rows, subjects, again=True)
    calls = {name: subject.call for name, subject in subjects.items()}
    calls[REFERENCE] = reference_call(size, variant.device)
    timed = time_in_rounds(calls, settings.pace, device=variant.device)
    reference = timed.pop(REFERENCE)
    floor = _floor(rows, timed)
    said(f"  {len(subjects)} models, noise floor {'unknown' if floor is None else f'{floor:.1%}'}")
    for name, row in rows.items():
        if name in subjects:
            row = _finished(row, subjects[name], timed[name], settings.bound_ms)
            row |= {"noise_floor": floor, "reference_ms": _median(reference)}
        yield row


def _try_to_build(
    job: Job,
    size: int,
    variant: Variant,
    rows: dict[str, Row],
    subjects: dict[str, Subject],
    again: bool = False,
) -> None:
    """Add the job's row, and its model where it can be made; `again` makes it anew for the A/A arm."""
    name = f"{job.fusion_name}:again" if again else job.fusion_name
    rows[name] = opened(
        {
            "dataset": str(job.dataset),
            "fusion": name,
            "fusion_role": "again" if again else job.fusion_role,
            "batch": size,
            **asdict(variant),
            "threads": torch.get_num_threads(),
        }
    )
    try:
        subjects[name] = build(job, size, variant)
    except NotApplicable as reason:
        rows[name] = skipped(rows[name], "build", reason)
    except Exception as error:
        rows[name] = failed(rows[name], "build", error)


def _finished(row: Row, subject: Subject, timed: Timed, bound_ms: float | None) -> Row:
    row = {**row, **subject.columns}
    if timed.error is not None:
        return failed(row, "rounds", timed.error)
    try:
        row |= times(timed.milliseconds, row["batch"])
        row |= costs(subject, _median(timed), bound_ms)
    except Exception as error:
        return failed(row, "costs", error)
    return {**row, "status": "ok", "phase": "done", "error": "", "traceback": ""}


def _median(timed: Timed) -> float:
    return float(np.median(timed.milliseconds))


def _floor(rows: Mapping[str, Row], timed: Mapping[str, Timed]) -> float | None:
    for name, row in rows.items():
        if row["fusion_role"] == "again" and name in timed:
            return noise_floor(timed[name.removesuffix(":again")], timed[name])
    return None


@contextmanager
def _threads(count: int) -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(count)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def _manifest(settings: Settings) -> dict[str, Any]:
    """How the rows of the folder were measured."""
    return {
        "command": shlex.join(["mmbench", *sys.argv[1:]]),
        "started_at": datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="seconds"),
        "settings": asdict(settings),
        "machine": describe(),
        "clock": {"name": "time.perf_counter_ns", "resolution_ns": resolution()},
        "load_average": os.getloadavg() if hasattr(os, "getloadavg") else None,
    }
