"""The energy of a call, where the machine has a counter that may be read."""

from __future__ import annotations

import importlib
import importlib.util
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

__all__ = ["Meter", "joules_per_call", "meter_of"]

POWERCAP = Path("/sys/class/powercap")
SECONDS = 0.5
"""NVML's counter moves every 100 ms at worst."""


@dataclass(frozen=True)
class Meter:
    """A counter of energy.

    Attributes:
        source: which counter, and what it counts.
        joules: reads it; only differences mean anything.
    """

    source: str
    joules: Callable[[], float]


def meter_of(device: str) -> Meter | None:
    """The counter of a device: RAPL for the CPU, NVML for CUDA (package `nvidia-ml-py`); None without."""
    return _nvml(device) if device.startswith("cuda") else _rapl()


def joules_per_call(
    call: Callable[[], object], meter: Meter, wait: Callable[[], None], seconds: float = SECONDS
) -> float:
    """Energy by the number of calls, in J; it holds what the idle machine takes, and other work on it."""
    wait()
    before, begin, count = meter.joules(), time.perf_counter(), 0
    while time.perf_counter() - begin < seconds:
        call()
        count += 1
    wait()
    return (meter.joules() - before) / count


def _rapl() -> Meter | None:
    """Intel's and AMD's counters of whole packages, which Linux lets only some users read."""
    packages = [
        folder for folder in sorted(POWERCAP.glob("intel-rapl:*")) if folder.name.count(":") == 1
    ]
    with suppress(OSError, ValueError):
        counters = [_Wrapping(folder) for folder in packages]
        if counters:
            return Meter(
                "measured: RAPL, whole packages",
                lambda: sum(counter.joules() for counter in counters),
            )
    return None


class _Wrapping:
    """A counter in microjoules that starts again at 0 behind its range."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / "energy_uj"
        self._range = int((folder / "max_energy_range_uj").read_text()) + 1
        self._last = int(self._path.read_text())
        self._total = 0

    def joules(self) -> float:
        now = int(self._path.read_text())
        self._total += (now - self._last) % self._range
        self._last = now
        return self._total / 1e6


def _nvml(device: str) -> Meter | None:
    if importlib.util.find_spec("pynvml") is None:
        return None
    nvml: Any = importlib.import_module("pynvml")
    with suppress(nvml.NVMLError):
        nvml.nvmlInit()
        uuid = torch.cuda.get_device_properties(device).uuid
        handle = nvml.nvmlDeviceGetHandleByUUID(f"GPU-{uuid}")
        nvml.nvmlDeviceGetTotalEnergyConsumption(handle)  # raises where the device has none
        return Meter(
            "measured: NVML, whole device",
            lambda: float(nvml.nvmlDeviceGetTotalEnergyConsumption(handle)) / 1e3,
        )
    return None
