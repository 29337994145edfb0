"""The latency of every fusion in every variant, beside the noise that an A/A arm shows."""

from __future__ import annotations

import pandas as pd
from matplotlib.axes import Axes

from mmbench.artifacts import Artifact, Plot, Text
from mmbench.latency.table import latencies
from mmbench.reporting.style import MUTED, OKABE_ITO, SHADE
from mmbench_reports.figures import dots_with_intervals, set_title, stacked
from mmbench_reports.formatting import first_of

__all__ = ["groups", "section"]

GROUP = ["batch", "precision", "mode", "device"]
PANELS = 8


def section(records: pd.DataFrame) -> list[Artifact]:
    """The table, and a panel a batch size and variant."""
    measured = groups(records)
    if not measured:
        return [latencies(records), Text("Nothing could be measured.")]
    return [latencies(records), _plot(measured)]


def groups(records: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """What was measured in the same rounds: `batch 8, float32, eager, cpu` -> its rows by median."""
    measured = records[records["status"] == "ok"]
    return {
        f"batch {key[0]}, {', '.join(map(str, key[1:]))}": group.sort_values(
            "median_ms", ignore_index=True
        )
        for key, group in measured.groupby(GROUP)
    }


def _plot(measured: dict[str, pd.DataFrame]) -> Plot:
    shown = dict(list(measured.items())[:PANELS])
    figure, axes = stacked([0.7 + 0.17 * len(group) for group in shown.values()])
    for ax, (title, group) in zip(axes, shown.items(), strict=True):
        _panel(ax, title, group)
    axes[-1].set_xlabel("median latency of a call, ms")
    caption = (
        "Median latency with its 95 % interval. Grey: the A/A arm; the band is as wide as its "
        "difference from the same model, which is noise."
    ) + first_of(len(shown), len(measured), "groups of rounds")
    return Plot("latencies", caption, figure, f"Medians with intervals, {len(shown)} panels")


def _panel(ax: Axes, title: str, group: pd.DataFrame) -> None:
    again = group["fusion_role"] == "again"
    data = pd.DataFrame(
        {
            "mean": group["median_ms"],
            "low": group["median_low_ms"],
            "high": group["median_high_ms"],
            "colour": again.map({True: MUTED, False: OKABE_ITO["blue"]}),
            "filled": ~again,
        }
    )
    dots_with_intervals(ax, list(group["fusion"]), data)
    for _, row in group[again & group["noise_floor"].notna()].iterrows():
        reach = row["median_ms"] * row["noise_floor"]
        ax.axvspan(row["median_ms"] - reach, row["median_ms"] + reach, color=SHADE, zorder=0)
    ax.set_xlim(left=0)
    set_title(ax, title, 60)
