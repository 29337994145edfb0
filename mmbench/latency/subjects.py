"""One model run in one way: how it is made, and what is measured of it."""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

import torch

from mmbench.data.part import Part
from mmbench.jobs import Job
from mmbench.latency.energy import joules_per_call, meter_of
from mmbench.latency.flops import count
from mmbench.latency.load import greatest_load
from mmbench.latency.memory import peak_bytes
from mmbench.latency.parts import PARTS, split
from mmbench.latency.quantiles import quantile
from mmbench.latency.timing import barrier
from mmbench.latency.variants import Variant, prepared
from mmbench.model import FusionModel
from mmbench.worker import open_vault, recipe_for

__all__ = ["Subject", "build", "costs", "times"]

LEVELS = {"median": 0.5, "p90": 0.9, "p99": 0.99}
CALLS_OF_PARTS = 50


@dataclass(frozen=True)
class Subject:
    """A model that can be called.

    Attributes:
        call: runs it once on the batch; `eager` does so without a compiler.
        columns: what making it took: `first_result_ms`, `compile_ms`, `params`.
    """

    model: FusionModel
    variant: Variant
    call: Callable[[], object]
    eager: Callable[[], object]
    columns: dict[str, Any]


def build(job: Job, size: int, variant: Variant) -> Subject:
    """Make the job's model with fresh weights and call it for the first time.

    Raises whatever the model, the compiler or the exporter raises.
    """
    vault = open_vault(job)
    recipe = recipe_for(job, vault)
    batch: Part = vault.training.train.repeated(size).to(variant.device)
    wait = barrier(variant.device)
    begin = time.perf_counter()
    model = recipe.model({}).to(variant.device).eval()
    made = time.perf_counter()
    call = prepared(model, batch, variant)
    with _compiler_state():
        _seconds(call, wait)
    done = time.perf_counter()
    plain = variant.mode == "eager"
    columns = {
        "first_result_ms": 1e3 * (done - begin),
        "compile_ms": None if plain else 1e3 * (done - made - _seconds(call, wait)),
        "params": sum(parameter.numel() for parameter in model.parameters()),
    }
    eager = call if plain else prepared(model, batch, replace(variant, mode="eager"))
    return Subject(model, variant, call, eager, columns)


def times(milliseconds: list[float], size: int) -> dict[str, Any]:
    """The quantiles that call times support, with their intervals, and the throughput."""
    found: dict[str, Any] = {"samples": len(milliseconds)}
    for name, level in LEVELS.items():
        at = quantile(milliseconds, level)
        ends = (at.value, at.low, at.high) if at else (None, None, None)
        found |= dict(zip((f"{name}_ms", f"{name}_low_ms", f"{name}_high_ms"), ends, strict=True))
    if found["median_ms"]:
        found["throughput"] = 1e3 * size / found["median_ms"]
    return found


def costs(subject: Subject, median_ms: float, bound_ms: float | None) -> dict[str, Any]:
    """Parts, memory, FLOPs, energy, and the load that keeps the bound where there is one."""
    variant = subject.variant
    eager, device = variant.mode == "eager", variant.device
    wait = barrier(device)
    found: dict[str, Any] = {}
    if eager:
        with torch.inference_mode():
            parts = split(subject.model, subject.call, calls=CALLS_OF_PARTS, device=device)
        found |= {f"{part}_ms": parts[part] for part in PARTS}
    if eager or device != "cpu":
        found["peak_memory_mb"] = peak_bytes(subject.call, device) / 2**20
    cost = count(subject.eager)
    found |= {"flops": cost.flops, "uncounted": cost.uncounted}
    meter = meter_of(device)
    if meter is not None:
        with torch.inference_mode():
            joules = joules_per_call(subject.call, meter, wait)
        found |= {"energy_mj": 1e3 * joules, "energy_source": meter.source}
    if bound_ms is not None:
        with torch.inference_mode():
            load = greatest_load(lambda: (subject.call(), wait()), median_ms, bound_ms)
        found |= {"load_bound_ms": bound_ms, "load_rate": load.rate, "load_p99_ms": load.p99_ms}
    return found


@contextmanager
def _compiler_state() -> Iterator[None]:
    """Compile anew: what earlier runs left on the disk is not seen, and nothing is left."""
    name, before = "TORCHINDUCTOR_CACHE_DIR", os.environ.get("TORCHINDUCTOR_CACHE_DIR")
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        os.environ[name] = folder
        try:
            yield
        finally:
            os.environ.pop(name)
            if before is not None:
                os.environ[name] = before


def _seconds(call: Callable[[], object], wait: Callable[[], None]) -> float:
    begin = time.perf_counter()
    with torch.inference_mode():
        call()
    wait()
    return time.perf_counter() - begin
