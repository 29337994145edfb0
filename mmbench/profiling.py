"""What one trained shape costs to run: latency and memory, measured alone, after all training."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import torch

from mmbench.data.part import Part
from mmbench.jobs import Job
from mmbench.latency import alone, measure, peak_bytes
from mmbench.model import FusionModel
from mmbench.records import failed, opened
from mmbench.worker import open_vault, recipe_for

__all__ = ["BATCHES", "Shape", "profile_shape", "shapes"]

BATCHES = (1, 64)
MIN_SECONDS = 0.1


@dataclass(frozen=True)
class Shape:
    """One shape of model, which jobs that differ in seed, weighting or learning rate share.

    Attributes:
        job: one of those jobs; its model is rebuilt, with fresh weights.
        model: key of the shape.
        hyper: the chosen hyperparameters, as the record spells them.

    """

    job: Job
    model: str
    hyper: str

    @property
    def key(self) -> str:
        return f"{self.model}-{self.job.device}"

    def columns(self) -> dict[str, Any]:
        return {"job": self.key, "model": self.model, "device": self.job.device}


def shapes(jobs: Iterable[Job], records: Mapping[str, Mapping[str, Any]]) -> list[Shape]:
    """The distinct shapes among finished jobs; `records` is job key -> record."""
    found: dict[str, Shape] = {}
    for job in jobs:
        record = records.get(job.key, {})
        if record.get("status") == "ok":
            shape = Shape(job, record["model"], record["hyperparameters"])
            found.setdefault(shape.key, shape)
    return list(found.values())


def profile_shape(shape: Shape, report: Callable[[str, float], None]) -> dict[str, Any]:
    """Measure one shape: median and quantiles of a forward pass per batch size, and its peak memory.

    The columns are named `latency_b<batch size>_<statistic>_ms`; a quantile that the sample does not support
    is null.
    """
    record = opened(shape.columns())
    try:
        with alone():
            return {**record, **_profile(shape, report), "status": "ok", "error": ""}
    except Exception as error:
        return failed(record, "latency", error)


def _profile(shape: Shape, report: Callable[[str, float], None]) -> dict[str, Any]:
    report("latency", 0.0)
    vault = open_vault(shape.job)
    model = recipe_for(shape.job, vault).model(json.loads(shape.hyper)).to(shape.job.device).eval()
    found: dict[str, Any] = {
        "latency_threads": torch.get_num_threads(),
    }
    for done, size in enumerate(BATCHES, start=1):
        batch = vault.training.train.repeated(size).to(shape.job.device)
        found |= _measure(model, batch, size, shape.job.device)
        report("latency", done / len(BATCHES))
    found["latency_peak_memory_mb"] = peak_bytes(lambda: model(batch), shape.job.device) / 2**20
    return found


def _measure(model: FusionModel, batch: Part, size: int, device: str) -> dict[str, Any]:
    latency = measure(lambda: model(batch), min_seconds=MIN_SECONDS, device=device)
    prefix = f"latency_b{size}"
    return {
        f"{prefix}_median_ms": latency.median_ms,
        f"{prefix}_p90_ms": latency.p90_ms,
        f"{prefix}_p99_ms": latency.p99_ms,
        f"{prefix}_samples": latency.samples,
        f"throughput_b{size}": size / latency.median_ms * 1000,
    }
