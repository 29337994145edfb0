"""Measurements of now against those of an earlier folder."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from mmbench.latency.rows import CELL

__all__ = ["FASTER", "NO_DIFFERENCE", "SLOWER", "busy", "compared", "other_circumstances"]

FASTER, SLOWER, NO_DIFFERENCE = "faster", "slower", "within noise"
NOISE = ("noise_floor", "reference_ms")
CIRCUMSTANCES = (
    "cpu",
    "usable_cores",
    "memory_gb",
    "devices",
    "cuda",
    "torch",
    "python",
    "threads",
)


def compared(now: pd.DataFrame, before: pd.DataFrame) -> pd.DataFrame:
    """The rows of `now` that `before` has too, with what has changed.

    Returns:
        Five further columns: `ratio` of the medians, now by before; `ratio_low` and `ratio_high`, from
        the ends of both intervals, which is wider than need be; `noise`, the sum of both noise floors
        and of what the reference program has changed; `change`, which is `faster` or `slower` only where
        that interval leaves 1 out and the ratio is further from 1 than the noise.
    """
    cell = [name for name in CELL if name != "fusion_role"]
    wanted = [*cell, "median_ms", "median_low_ms", "median_high_ms", *NOISE]
    measured = before[before["status"] == "ok"]
    both = now[now["status"] == "ok"].merge(measured[wanted], on=cell, suffixes=("", "_before"))
    both["ratio"] = both["median_ms"] / both["median_ms_before"]
    both["ratio_low"] = both["median_low_ms"] / both["median_high_ms_before"]
    both["ratio_high"] = both["median_high_ms"] / both["median_low_ms_before"]
    reference = (both["reference_ms"] / both["reference_ms_before"] - 1).abs()
    both["noise"] = both["noise_floor"] + both["noise_floor_before"] + reference
    # Where there was no A/A arm the noise is unknown, and nothing is beyond it.
    beyond = (both["ratio"] - 1).abs() > both["noise"]
    both["change"] = np.select(
        [beyond & (both["ratio_high"] < 1), beyond & (both["ratio_low"] > 1)],
        [FASTER, SLOWER],
        NO_DIFFERENCE,
    )
    return both.drop(columns=[f"{name}_before" for name in wanted if name not in cell])


def other_circumstances(now: Mapping[str, Any], before: Mapping[str, Any]) -> list[str]:
    """What of the machine differs between two manifests, so that a ratio may not be the model's doing."""
    differing = [
        f"{name}: {before['machine'].get(name)} before, {now['machine'].get(name)} now"
        for name in CIRCUMSTANCES
        if before["machine"].get(name) != now["machine"].get(name)
    ]
    return [
        *differing,
        *(f"{word} before" for word in busy(before)),
        *(f"{word} now" for word in busy(now)),
    ]


def busy(manifest: Mapping[str, Any]) -> list[str]:
    """Whether as much ran on the machine before the study began as it has cores for, in words."""
    load, cores = manifest["load_average"], manifest["machine"]["usable_cores"]
    if not load or not cores or load[0] < cores:
        return []
    return [f"the machine was busy: load {load[0]:.1f} on {cores} cores"]
