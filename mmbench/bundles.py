"""Bundles: jobs of one shape that one worker takes up together, so that they can train in one pass."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from mmbench.jobs import AGAIN, Job, digest
from mmbench.registry import Registry

__all__ = ["MAX_JOBS", "Bundle", "bundled", "members", "shape"]

T = TypeVar("T")
MIN_JOBS = 2
"""That pay in one pass; see `mmbench.training.trials`."""
MAX_JOBS = 16


@dataclass(frozen=True)
class Bundle:
    """Several jobs that differ in their seeds alone."""

    jobs: tuple[Job, ...]

    @property
    def key(self) -> str:
        return digest([job.key for job in self.jobs])

    def columns(self) -> dict[str, Any]:
        return {"job": self.key}


def bundled(jobs: Sequence[Job], registry: Registry, workers: int) -> list[Job | Bundle]:
    """The jobs, in bundles where at least three are of one shape, in the order of each one's first.

    Args:
        jobs: to run.
        registry: of their plugins.
        workers: that share the work: no bundle is so large that one of them would have less than its part.

    """
    groups: dict[str, list[Job]] = {}
    for job in jobs:
        groups.setdefault(shape(job.spec()), []).append(job)
    most = min(MAX_JOBS, math.ceil(len(jobs) / workers))
    found: list[tuple[int, Job | Bundle]] = []
    places = {job.key: place for place, job in enumerate(jobs)}
    for group in groups.values():
        count = math.ceil(len(group) / most)
        small = len(group) < MIN_JOBS * count
        if small or not _vectorises(group[0], registry):
            found += [(places[job.key], job) for job in group]
        else:
            parts = [tuple(group[part::count]) for part in range(count)]
            found += [(places[part[0].key], Bundle(part)) for part in parts]
    return [item for _, item in sorted(found, key=lambda pair: pair[0])]


def members(item: T | Bundle) -> tuple[T | Job, ...]:
    """The jobs of a bundle; else the item itself."""
    return item.jobs if isinstance(item, Bundle) else (item,)


def shape(spec: Mapping[str, Any]) -> str:
    """All of a job's specification but its seed; the A/A arm's second entry is of the first one's shape."""
    fusion = spec["fusion"].removesuffix(AGAIN)
    return json.dumps({**spec, "fusion": fusion, "seed": 0}, sort_keys=True)


def _vectorises(job: Job, registry: Registry) -> bool:
    """Whether the job's plugins allow a shared pass, as far as can be said before; the worker knows."""
    if not job.shareable or not registry.fusions[job.fusion.name].vectorises:
        return False
    weighting = registry.weightings[job.weighting.name]
    if weighting.role == "default":
        return True
    # Importing torch takes seconds that a run of the default weighting need not wait for.
    from mmbench.training.lane import shareable

    return shareable(weighting.load())
