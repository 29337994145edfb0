"""Series of different lengths as one array."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

__all__ = ["padded"]


def padded(
    series: Sequence[npt.NDArray[Any]],
) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.int64]]:
    """N series (T_k, C) as (N, max T_k, C), zeros behind the end of each, and their lengths (N,)."""
    lengths = np.array([len(steps) for steps in series])
    joined = np.zeros((len(series), lengths.max(), series[0].shape[1]), dtype=np.float32)
    for row, steps in zip(joined, series, strict=True):
        row[: len(steps)] = steps
    return joined, lengths
