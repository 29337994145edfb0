"""Probes: jobs that train on a few batches, each in a process like a run's, to learn what they cost."""

from __future__ import annotations

import random
import time
from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

from mmbench.engine import EngineSettings, Event, Finished
from mmbench.jobs import Job
from mmbench.registry import Registry
from mmbench.runner import Listener

__all__ = ["Probe", "probed"]

LONGEST = 60.0
"""Seconds after which a probe is given up."""
clock = time.monotonic


@dataclass(frozen=True)
class Probe:
    """Jobs of one shape, whose cost is wanted.

    Attributes:
        jobs: that one process takes up together; one or more.
        seconds: that a process measures on their dataset; what it has no time for is left.

    """

    jobs: tuple[Job, ...]
    seconds: float

    @property
    def key(self) -> str:
        return self.jobs[0].key

    def columns(self) -> dict[str, Any]:
        return self.jobs[0].columns()


def probed(
    groups: Sequence[tuple[Job, ...]],
    registry: Registry,
    workers: int,
    listener: Listener,
    limit: float,
) -> tuple[float, list[Mapping[str, Any]]]:
    """A record for each group of jobs that there is time for.

    Every dataset gets the same share of the time. Which of its groups come first is left to chance, so that
    they stand for the others.

    Args:
        groups: jobs of one shape each; one group or more.
        registry: of their plugins.
        workers: processes side by side.
        listener: hears how it goes on.
        limit: seconds that each process measures.

    Returns:
        Seconds until the first process measured, and the records; those of whole jobs but for their quality.

    """
    datasets = list({str(group[0].dataset): None for group in groups})
    mixed = random.Random(0).sample(groups, len(groups))  # noqa: S311 - it guards nothing
    mixed.sort(key=lambda group: datasets.index(str(group[0].dataset)))
    items = [Probe(group, limit / len(datasets)) for group in mixed]
    work = "mmbench.probe_worker:run_probe"
    settings = EngineSettings(work, min(workers, len(items)), 1, LONGEST)
    engine = registry.engines.with_role("default").load()
    events = cast("Generator[Event, None, None]", engine(items, settings))
    asked, began = clock(), 0.0
    found: list[Mapping[str, Any]] = []
    listener.begin("Measuring", len(items))
    try:
        for event in events:
            began = began or clock()
            listener.event(event)
            if isinstance(event, Finished) and event.record["status"] != "left":
                found.append(event.record)
            if clock() - began > limit:
                break
    finally:
        events.close()
        listener.end()
    return began - asked, found
