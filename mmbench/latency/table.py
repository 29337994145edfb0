"""What people read of a latency study."""

from __future__ import annotations

import pandas as pd

from mmbench.artifacts import Table
from mmbench.latency.rows import CELL
from mmbench.reporting.tables import plain

__all__ = ["changes", "latencies"]

_WHERE = [name for name in CELL if name not in ("dataset", "fusion_role", "threads")]


def latencies(frame: pd.DataFrame) -> Table:
    """A row a fusion, batch size and variant: quantiles in ms with their 95 % intervals."""
    shown = _where(frame)
    for name in ("median", "p90", "p99"):
        shown[f"{name} ms"] = _with_interval(
            frame, f"{name}_ms", f"{name}_low_ms", f"{name}_high_ms"
        )
    shown["samples/s"] = frame["throughput"]
    shown["first result ms"] = frame["first_result_ms"]
    if frame["load_bound_ms"].notna().any():
        shown["calls/s within bound"] = frame["load_rate"]
    if frame["energy_mj"].notna().any():
        shown["mJ"] = frame["energy_mj"]
    shown["A/A noise"] = _percent(frame["noise_floor"])
    shown["problem"] = frame["error"].fillna("").str.slice(0, 80)
    if not shown["problem"].any():
        shown = shown.drop(columns="problem")
    caption = (
        "Latency of a call, with 95 % intervals. A quantile that the sample does not support is left out. "
        "Medians that differ by less than the A/A noise do not differ."
    )
    return Table("latencies", caption, frame.drop(columns="uncounted").astype(object), shown)


def changes(frame: pd.DataFrame, circumstances: list[str]) -> Table:
    """What `compared` found: the ratio of medians, now by before.

    Args:
        frame: of `compared`.
        circumstances: what differs between the machines, for the caption.
    """
    shown = _where(frame)
    shown["ratio"] = _with_interval(frame, "ratio", "ratio_low", "ratio_high")
    shown["noise"] = _percent(frame["noise"])
    shown["change"] = frame["change"]
    caption = (
        "Median latency, now by before. Noise: both A/A arms and what a fixed program has changed. Only what is "
        "beyond it, and beyond the interval, counts as a change."
    )
    if circumstances:
        caption += f" Other things differ too: {'; '.join(circumstances)}."
    return Table("latency_changes", caption, frame[[*CELL, *_CHANGED]], shown)


_CHANGED = ["ratio", "ratio_low", "ratio_high", "noise", "change"]


def _where(frame: pd.DataFrame) -> pd.DataFrame:
    """The columns that tell rows apart; of those that are the same everywhere only the fusion."""
    kept = [name for name in _WHERE if name == "fusion" or frame[name].nunique() > 1]
    return frame[kept].copy()


def _percent(shares: pd.Series[float]) -> list[str]:
    return [f"{share:.1%}" if pd.notna(share) else "–" for share in shares]


def _with_interval(frame: pd.DataFrame, value: str, low: str, high: str) -> list[str]:
    return [
        "–"
        if pd.isna(at)
        else f"{plain(float(at))} [{plain(float(lowest))}, {plain(float(highest))}]"
        for at, lowest, highest in frame[[value, low, high]].itertuples(index=False)
    ]
