"""What a run will cost on this machine: from records of the same shapes, else measured on a few batches."""

from __future__ import annotations

import heapq
import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import Any

from mmbench.bundles import bundled, members, shape
from mmbench.costs import Costs
from mmbench.jobs import Job
from mmbench.journal import Journal
from mmbench.options import RunOptions
from mmbench.probes import probed
from mmbench.registry import Registry
from mmbench.results import JOBS, LATENCIES
from mmbench.runner import Listener, unfinished, without_lists, worker_count

__all__ = ["Estimate", "estimate"]

MEASURING_SECONDS = 20.0
"""Of each process, for all that it measures."""
START_SECONDS = 3.0
"""Until a process has imported torch and takes up its first job, where none was started to see (2026)."""
OWN_STARTS = 1.5
"""What this process imports, for the report too, in units of that."""
REPORT_SECONDS = 0.006
"""Of a record, in the report."""
LATENCY_SECONDS = 0.25
"""Of a shape of model: mostly a fixed time for each size of batch."""


@dataclass(frozen=True)
class Estimate:
    """What a run will cost.

    Attributes:
        seconds: wall clock, from its start to its report.
        memory_mb: peak of all processes together, in MB of 10^6 bytes, where libraries that they share count
            for each; on CUDA that of the device; None where nothing tells.
        workers: processes side by side.
        recorded: shapes of job whose cost is that of their records.
        measured: shapes that trained on a few batches.
        alike: shapes whose cost is the mean of those most alike.
        failed: shapes that could not be measured, and count nothing.
        at_most: whether trainings count with all their epochs, for want of records of how early they stop.

    """

    seconds: float
    memory_mb: float | None
    workers: int
    recorded: int
    measured: int
    alike: int
    failed: int
    at_most: bool


def estimate(
    options: RunOptions,
    registry: Registry,
    jobs: Sequence[Job],
    listener: Listener,
    limit: float = MEASURING_SECONDS,
) -> Estimate:
    """The cost of a run. Jobs that have a record in its folder cost nothing, and nothing is written there.

    Shapes of job without a record train on a few batches, in as many processes as the run would have.

    Args:
        options: of the run.
        registry: of its plugins.
        jobs: its plan.
        listener: hears how the measuring goes on.
        limit: seconds that each process measures; to start it takes some more.

    """
    kept = () if options.fresh else Journal(options.out, JOBS).stream()
    records = [without_lists(record) for record in kept]
    todo = unfinished(jobs, {record["job"]: record for record in records}, options)
    workers = worker_count(options, jobs[0].device)
    groups = [members(item) for item in bundled(todo, registry, workers)]
    costs = Costs()
    for record in records:
        if record["status"] != "failed":
            costs.add(record)
    shapes = {shape(group[0].spec()): group for group in groups}
    unknown = [group for key, group in shapes.items() if key not in costs]
    start, found = START_SECONDS, list[Mapping[str, Any]]()
    if unknown:
        start, found = probed(unknown, registry, workers, listener, limit)
    share = _share_of_epochs(records, jobs[0])
    for brief in found:
        costs.add(brief, share or 1.0)
    failed = sum(brief["status"] == "failed" for brief in found)
    workers = min(workers, len(groups))
    seconds = _training(groups, costs, workers) + _around(options, jobs, start, bool(todo))
    if seconds:
        seconds += REPORT_SECONDS * (len(records) + len(todo))
    return Estimate(
        seconds=seconds,
        memory_mb=_memory(todo, costs, workers),
        workers=workers,
        recorded=len(shapes) - len(unknown),
        measured=len(found) - failed,
        alike=len(unknown) - len(found),
        failed=failed,
        at_most=bool(unknown) and share is None,
    )


def _share_of_epochs(records: Iterable[Mapping[str, Any]], job: Job) -> float | None:
    """The mean share of its epochs after which a training under this budget ended."""
    budget = job.spec()["budget"]
    shares = [
        record["epochs_run"] / budget["epochs"]
        for record in records
        if record["status"] == "ok" and json.loads(record["spec"])["budget"] == budget
    ]
    return fmean(shares) if shares else None


def _training(groups: Sequence[tuple[Job, ...]], costs: Costs, workers: int) -> float:
    """Seconds in which so many workers, each of which takes the next group when it is free, do all of them."""
    free = [0.0] * workers
    for group in groups:
        heapq.heapreplace(free, free[0] + len(group) * costs.seconds(group[0]))
    of_seeds = Counter((str(job.dataset), job.seed) for group in groups for job in group)
    preparing = sum(
        costs.data_seconds(dataset) * min(workers, count)
        for (dataset, _), count in of_seeds.items()
    )
    return max(free, default=0.0) + preparing / max(workers, 1)


def _around(options: RunOptions, jobs: Sequence[Job], start: float, trains: bool) -> float:
    """Seconds for processes to start, and for latencies."""
    models = 0
    if options.latency:
        known = len(Journal(options.out, LATENCIES).keys()) if not options.fresh else 0
        models = max(len({_model(job) for job in jobs}) - known, 0)
    starts = trains + bool(models)
    return LATENCY_SECONDS * models + start * (starts + OWN_STARTS if starts else 0)


def _model(job: Job) -> tuple[object, ...]:
    """What decides a model's shape, as far as can be said before it is tuned."""
    tuned = any(name.startswith("fusion.") for name in job.search)
    encoders = tuple(map(str, job.encoders.values()))
    return str(job.dataset), job.modalities, encoders, str(job.fusion), tuned and job.seed


def _memory(jobs: Sequence[Job], costs: Costs, workers: int) -> float | None:
    """The peak of so many workers and of this process, in MB."""
    peaks = costs.peaks({str(job.dataset) for job in jobs})
    if not peaks:
        return None
    # This process has the same libraries and no data: no more than the least of the workers.
    own = min(peaks) if jobs[0].device == "cpu" else 0.0
    return workers * max(peaks) + own
