"""The points of the curves, measured in turns."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass

import pandas as pd

__all__ = ["Point", "measured"]

LONG = 1.0
"""Seconds from which on one measurement is enough."""


@dataclass(frozen=True)
class Point:
    """One point of a curve, or of several that are measured at once.

    Attributes:
        axis: what grows.
        series: whose curve it is: a fusion or a command.
        size: how far it has grown.
        take: measures it once; quantity -> value.

    """

    axis: str
    series: str
    size: int
    take: Callable[[], dict[str, float]]


def measured(points: Iterable[Point], turns: int) -> pd.DataFrame:
    """Measure every point once a turn, so that a busy moment meets all alike.

    Before that the first is taken once for nothing, since it waits for what all of them import.

    Returns:
        A row a measurement: `axis`, `series`, `size`, `turn`, `quantity`, `value`.

    """
    left, rows = list(points), []
    left[0].take()
    for turn in range(turns):
        again = []
        for point in left:
            started = time.perf_counter()
            found = point.take()
            if time.perf_counter() - started < LONG:
                again.append(point)
            place = (point.axis, point.series, point.size, turn)
            rows += [(*place, quantity, value) for quantity, value in found.items()]
        left = again
    return pd.DataFrame(rows, columns=["axis", "series", "size", "turn", "quantity", "value"])
