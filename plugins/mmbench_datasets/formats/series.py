"""Series of different lengths as one array, and shorter forms of long ones."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

__all__ = ["average_down", "evenly", "pad"]

Floats = npt.NDArray[np.float32]


def pad(series: Sequence[npt.NDArray[Any]]) -> tuple[Floats, npt.NDArray[np.int64]]:
    """Series (T_i, …) as one array (N, max T, …), zero after each end, and their lengths (N,)."""
    lengths = np.array([len(steps) for steps in series], dtype=np.int64)
    longest = max(int(lengths.max()), 1)
    padded = np.zeros((len(series), longest, *series[0].shape[1:]), dtype=np.float32)
    for row, steps in zip(padded, series, strict=True):
        row[: len(steps)] = steps
    return padded, lengths


def average_down(series: npt.NDArray[Any], steps: int) -> Floats:
    """A series (T, C) as the means of at most `steps` consecutive stretches of nearly one length."""
    if len(series) <= steps:
        return series.astype(np.float32)
    edges = np.arange(steps + 1) * len(series) // steps
    sums = np.add.reduceat(series.astype(np.float64), edges[:-1], axis=0)
    return (sums / np.diff(edges)[:, None]).astype(np.float32)


def evenly(total: int, count: int) -> npt.NDArray[np.int64]:
    """`count` indices spread over `range(total)` from first to last; all of them where 0 or more."""
    if count <= 0 or count >= total:
        return np.arange(total)
    return np.linspace(0, total - 1, count).round().astype(np.int64)
