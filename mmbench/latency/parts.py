"""Where a forward pass spends its time: in the encoders, the fusion, the heads, or between them."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager

import numpy as np
from torch import nn

from mmbench.latency.timing import barrier
from mmbench.model import FusionModel

__all__ = ["PARTS", "split"]

PARTS = ("encoder", "fusion", "head", "rest")


def split(
    model: FusionModel, call: Callable[[], object], *, calls: int, device: str = "cpu"
) -> dict[str, float]:
    """Median milliseconds of each part over a number of calls.

    `encoder` and `head` are sums over modalities; a fusion that takes raw inputs holds its encoders.
    `rest` is all else of the pass: masks, pooling, absent modalities, and the clock's own cost. A
    CUDA device is waited for at every boundary, so that its parts add up to more than an undivided call.

    Args:
        model: an eager one; a compiled graph has no boundaries.
        call: runs it once.
        calls: how many are timed.
        device: where it runs.
    """
    wait = barrier(device)
    passes: list[dict[str, float]] = []
    spent: dict[str, float] = defaultdict(float)
    with _clocks(model, spent, wait):
        for _ in range(calls):
            spent.clear()
            begin = time.perf_counter()
            call()
            wait()
            whole = time.perf_counter() - begin
            passes.append({**spent, "rest": whole - sum(spent.values())})
    return {
        part: 1e3 * float(np.median([each.get(part, 0.0) for each in passes])) for part in PARTS
    }


@contextmanager
def _clocks(
    model: FusionModel, spent: dict[str, float], wait: Callable[[], None]
) -> Iterator[None]:
    """Add the time inside each module to its part of `spent`."""
    with ExitStack() as hooks:
        for part, module in _modules(model):
            clock = _Clock(part, spent, wait)
            hooks.callback(module.register_forward_pre_hook(clock.start).remove)
            hooks.callback(module.register_forward_hook(clock.stop).remove)
        yield


def _modules(model: FusionModel) -> Iterator[tuple[str, nn.Module]]:
    for encoder in model.encoders.values():
        yield "encoder", encoder
    yield "fusion", model.fusion
    for head in (model.head, *model.unimodal_heads.values()):
        if head is not None:
            yield "head", head


class _Clock:
    def __init__(self, part: str, spent: dict[str, float], wait: Callable[[], None]) -> None:
        self._part, self._spent, self._wait = part, spent, wait
        self._begin = 0.0

    def start(self, *_: object) -> None:
        self._wait()
        self._begin = time.perf_counter()

    def stop(self, *_: object) -> None:
        self._wait()
        self._spent[self._part] += time.perf_counter() - self._begin
