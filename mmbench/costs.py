"""What jobs cost, learned from records; of jobs without one, from the records of those most alike."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping
from statistics import fmean
from typing import Any

from mmbench.bundles import shape
from mmbench.jobs import Job

__all__ = ["Costs"]


class Costs:
    """Seconds and memory of jobs, by shape, by dataset and weighting, by dataset, and of all."""

    def __init__(self) -> None:
        self._seconds: dict[tuple[str, ...], list[float]] = defaultdict(list)
        self._data: dict[str, float] = defaultdict(float)
        self._peaks: dict[str, list[float]] = defaultdict(list)

    def __contains__(self, key: str) -> bool:
        """Whether there is a record of that shape."""
        return (key,) in self._seconds

    def add(self, record: Mapping[str, Any], fraction: float = 1.0) -> None:
        """Learn from a record, of whose training that fraction counts."""
        spec = json.loads(record["spec"])
        train = fraction * record.get("train_seconds", 0.0)
        seconds = train + record.get("evaluate_seconds", 0.0)
        own, *alike = _levels(spec)
        for level in (own, *(alike if record["status"] == "ok" else ())):
            self._seconds[level].append(seconds)
        dataset = spec["dataset"]
        self._data[dataset] = max(self._data[dataset], record.get("data_seconds", 0.0))
        if record.get("peak_memory_mb"):
            self._peaks[dataset].append(record["peak_memory_mb"])

    def seconds(self, job: Job) -> float:
        """What training and evaluation take: the mean over the jobs most alike, 0 where there is none."""
        known = (self._seconds[level] for level in _levels(job.spec()) if level in self._seconds)
        return fmean(next(known, [0.0]))

    def data_seconds(self, dataset: str) -> float:
        """What a process takes to load and prepare a dataset for one seed, at most."""
        return self._data[dataset]

    def peaks(self, datasets: Iterable[str]) -> list[float]:
        """Peaks of a process that ran jobs on these datasets, in MB."""
        return [peak for dataset in datasets for peak in self._peaks[dataset]]


def _levels(spec: Mapping[str, Any]) -> Iterable[tuple[str, ...]]:
    """From what is the same to what is less and less alike."""
    dataset = spec["dataset"]
    return (shape(spec),), (dataset, spec["weighting"]), (dataset, ""), ("", "")
