"""How long one call takes and how much memory it needs, measured alone."""

from __future__ import annotations

import contextlib
import getpass
import itertools
import os
import sys
import tempfile
import time
import weakref
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from mmbench.journal import FileLock
from mmbench.machine import collection_paused

__all__ = ["Latency", "alone", "measure", "peak_bytes", "summarise"]

POLL_SECONDS = 0.02
SAMPLES_FOR_P90 = 20
SAMPLES_FOR_P99 = 500


@dataclass(frozen=True)
class Latency:
    """The time of one call, in milliseconds.

    Attributes:
        median_ms: half of the calls took no longer.
        p90_ms: nine in ten took no longer; None below 20 samples, which cannot tell.
        p99_ms: 99 in 100 took no longer; None below 500 samples.
        samples: how many calls were timed, one by one.
        resolution_ms: the shortest time that the clock can tell apart, its own cost included.
    """

    median_ms: float
    p90_ms: float | None
    p99_ms: float | None
    samples: int
    resolution_ms: float


def measure(
    call: Callable[[], object],
    *,
    min_samples: int = 30,
    min_seconds: float = 0.2,
    max_seconds: float = 5.0,
    warmup: int = 5,
    device: str = "cpu",
) -> Latency:
    """Time a callable: `min_samples` times and for `min_seconds`, or until `max_seconds` are over.

    The clock is the wall's. A CUDA device is waited for before and after each call. Gradients are
    off, and so is the garbage collector, whose pauses belong to the program and not to the call.
    `warmup` calls, or those of the first `max_seconds`, are not counted. Hold `alone()` around it,
    so that nothing else is measured beside it.
    """
    wait = _barrier(device)
    with torch.inference_mode(), collection_paused():
        _sample(call, wait, least=warmup, seconds=0.0, limit=max_seconds)
        nanoseconds = _sample(call, wait, least=min_samples, seconds=min_seconds, limit=max_seconds)
        resolution = _resolution()
    return summarise([value / 1e6 for value in nanoseconds], resolution / 1e6)


def summarise(milliseconds: Sequence[float], resolution_ms: float) -> Latency:
    """The quantiles that a sample of call times supports, interpolated linearly between values."""
    median, p90, p99 = (float(value) for value in np.quantile(milliseconds, (0.5, 0.9, 0.99)))
    count = len(milliseconds)
    return Latency(
        median_ms=median,
        p90_ms=p90 if count >= SAMPLES_FOR_P90 else None,
        p99_ms=p99 if count >= SAMPLES_FOR_P99 else None,
        samples=count,
        resolution_ms=resolution_ms,
    )


def _user() -> str:
    if sys.platform == "win32":
        return getpass.getuser()
    return str(os.getuid())  # A container's user may have no name.


@contextlib.contextmanager
def alone() -> Iterator[None]:
    """Wait until no other process of this user on this machine measures, then keep them waiting.

    Not reentrant. It keeps measurements apart, not a measurement and other work.
    """
    lock = FileLock(Path(tempfile.gettempdir()) / f"mmbench-latency-{_user()}.lock")
    while not lock.acquire():
        time.sleep(POLL_SECONDS)
    try:
        yield
    finally:
        lock.release()


def peak_bytes(call: Callable[[], object], device: str = "cpu") -> int:
    """The most memory that tensors made by one call held at a time, in bytes, without gradients.

    What was allocated before (parameters, inputs) does not count. On CUDA the figure comes from
    the allocator, which rounds sizes up. On the CPU it is the sum over live tensor storages, looked
    at after each operator: scratch space inside an operator is not seen, nor memory that is not
    torch's, nor a storage that is resized later.
    """
    if device.startswith("cuda"):
        return _cuda_peak(call, device)
    live = _LiveStorages()
    with torch.inference_mode(), live:
        call()
    return live.peak


def _cuda_peak(call: Callable[[], object], device: str) -> int:
    torch.cuda.synchronize(device)
    before = int(torch.cuda.memory_allocated(device))
    torch.cuda.reset_peak_memory_stats(device)
    with torch.inference_mode():
        call()
    torch.cuda.synchronize(device)
    return int(torch.cuda.max_memory_allocated(device)) - before


class _LiveStorages(TorchDispatchMode):  # type: ignore[no-untyped-call]
    """Adds up the storages that operators return, until they are freed."""

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.peak = 0
        self._current = 0
        self._sizes: dict[int, int] = {}

    def __torch_dispatch__(
        self,
        func: Callable[..., Any],
        types: Sequence[type],
        args: Sequence[Any] = (),
        kwargs: Mapping[str, Any] | None = None,
    ) -> Any:
        result = func(*args, **(kwargs or {}))
        # A storage that an argument already has is a view or an update in place.
        given = {_address(tensor) for tensor in _tensors((args, kwargs))}
        for tensor in _tensors(result):
            if _address(tensor) not in given:
                self._add(tensor)
        self.peak = max(self.peak, self._current)
        return result

    def _add(self, tensor: Tensor) -> None:
        storage = tensor.untyped_storage()
        address, size = _address(tensor), storage.nbytes()
        if address not in self._sizes:
            self._sizes[address] = size
            self._current += size
            weakref.finalize(storage, self._drop, address).atexit = False

    def _drop(self, address: int) -> None:
        self._current -= self._sizes.pop(address)


def _address(tensor: Tensor) -> int:
    return int(tensor.untyped_storage()._cdata)


def _tensors(tree: Any) -> list[Tensor]:
    return [leaf for leaf in tree_leaves(tree) if isinstance(leaf, Tensor)]


def _sample(
    call: Callable[[], object],
    wait: Callable[[], None],
    *,
    least: int,
    seconds: float,
    limit: float,
) -> list[int]:
    """Times of single calls in nanoseconds: `least` of them and for `seconds`, or until `limit`."""
    clock = time.perf_counter_ns
    times: list[int] = []
    wait()
    begin = now = clock()
    while (len(times) < least or now - begin < seconds * 1e9) and (now - begin < limit * 1e9):
        start = clock()
        call()
        wait()
        now = clock()
        times.append(now - start)
    return times


def _barrier(device: str) -> Callable[[], None]:
    if device.startswith("cuda"):
        return lambda: torch.cuda.synchronize(device)
    return lambda: None


def _resolution() -> int:
    """The smallest step seen between two readings of the clock, in nanoseconds."""
    clock = time.perf_counter_ns
    readings = [clock() for _ in range(1000)]
    steps = [later - sooner for sooner, later in itertools.pairwise(readings)]
    return min((step for step in steps if step > 0), default=0)
