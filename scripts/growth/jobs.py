"""Curves of what a run does around its trainings: plan, journal, records and report."""

from __future__ import annotations

import json
import math
import time
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from growth.points import Point
from mmbench.journal import Journal
from mmbench.machine import peak_memory, reset_peak_memory
from mmbench.options import read_options
from mmbench.registry import load_registry
from mmbench.reporting import write_report
from mmbench.results import JOBS, load
from mmbench.runner import sections_of
from mmbench.suite import plan

__all__ = ["OPERATIONS", "around_jobs"]

REGISTRY = load_registry()
SECTIONS = sections_of("jobs")
CODE = [section.load() for section in SECTIONS]
"""Imported here, and so in no measurement."""
SYNCED = 10_000
"""Records beyond which writing is not measured: each waits for the disk."""


def around_jobs(
    sizes: Sequence[int], published: Path, folder: Path, operations: Sequence[str] = ()
) -> Iterator[Point]:
    """A point a size and operation: its time, and by how much resident memory grew at its peak.

    Args:
        sizes: numbers of jobs, or of records.
        published: results folder whose records stand in, over and over, with a seed and key of their own.
        folder: for the journals.
        operations: of `OPERATIONS`; all where it is empty.

    """
    records = Journal(published).read()
    for size in sizes:
        made = folder / str(size)
        made.mkdir()
        _write_journal(made / JOBS, records, size)
        for name in operations or OPERATIONS:
            if name != "journal write" or size <= SYNCED:
                yield Point("jobs", name, size, partial(_in_fresh_process, name, made, size))


def _write_journal(path: Path, records: Sequence[dict[str, Any]], size: int) -> None:
    with path.open("w", encoding="utf-8") as file:
        for number in range(size):
            again, place = divmod(number, len(records))
            own = {"job": f"{number:016x}", "seed": records[place]["seed"] + 1000 * again}
            file.write(json.dumps(records[place] | own) + "\n")


def _in_fresh_process(name: str, folder: Path, size: int) -> dict[str, float]:
    """What an operation leaves behind in memory is not there for the next to use."""
    server = get_context("forkserver")
    server.set_forkserver_preload([__name__])
    with server.Pool(1) as pool:
        return pool.apply(_cost, (name, folder, size))


def _cost(name: str, folder: Path, size: int) -> dict[str, float]:
    call = OPERATIONS[name](folder, size)
    reset_peak_memory()
    before, started = _peak(), time.process_time()
    call()
    seconds = time.process_time() - started
    return {"seconds": seconds, "megabytes": _peak() - before}


def _peak() -> float:
    """NaN where the system does not tell."""
    return peak_memory() or math.nan


def _planned(folder: Path, size: int) -> Callable[[], object]:
    given = {"datasets": ["mfeat"], "fusions": ["concat"], "seeds": size}
    return partial(plan, read_options(None, given), REGISTRY, "cpu")


def _written(folder: Path, size: int) -> Callable[[], object]:
    records = Journal(folder).read()

    def write() -> None:
        with Journal(folder, "copy.jsonl") as journal:
            for record in records:
                journal.append(record)

    return write


def _read(folder: Path, size: int) -> Callable[[], object]:
    return Journal(folder).read


def _loaded(folder: Path, size: int) -> Callable[[], object]:
    return partial(load, folder)


def _reported(folder: Path, size: int) -> Callable[[], object]:
    return partial(write_report, load(folder), SECTIONS, folder / "report")


OPERATIONS: dict[str, Callable[[Path, int], Callable[[], object]]] = {
    "plan": _planned,
    "journal write": _written,
    "journal read": _read,
    "load": _loaded,
    "report": _reported,
}
"""Name -> what gives the call to measure, from a results folder and its number of jobs."""
