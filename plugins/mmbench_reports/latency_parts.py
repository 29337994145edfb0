"""Where a forward pass spends its time, and what it costs besides."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from mmbench.artifacts import Artifact, Plot, Table, Text
from mmbench.reporting.style import INK, MUTED, OKABE_ITO, RULE
from mmbench_reports.figures import label, set_title, stacked
from mmbench_reports.formatting import counted, each, first_of, measured
from mmbench_reports.latency_rounds import PANELS, groups

__all__ = ["section"]

PARTS = {
    "encoder": OKABE_ITO["blue"],
    "fusion": OKABE_ITO["vermilion"],
    "head": OKABE_ITO["green"],
    "rest": MUTED,
}


def section(records: pd.DataFrame) -> list[Artifact]:
    """Stacked bars a batch size and variant, and a table with parameters, FLOPs and memory."""
    known = records[(records["status"] == "ok") & records["encoder_ms"].notna()]
    if known.empty:
        return [Text("No pass was split: only eager ones have parts.")]
    return [_plot(groups(known)), _table(known)]


def _plot(split: dict[str, pd.DataFrame]) -> Plot:
    shown = dict(list(split.items())[:PANELS])
    figure, axes = stacked([0.7 + 0.17 * len(group) for group in shown.values()])
    for ax, (title, group) in zip(axes, shown.items(), strict=True):
        _panel(ax, title, group)
    axes[0].legend(
        frameon=False, fontsize=8, ncols=len(PARTS), loc="lower right", bbox_to_anchor=(1, 1)
    )
    axes[-1].set_xlabel("median time of a part, ms")
    caption = (
        "Median time of each part of an eager forward pass. Rest: masks, pooling and absent modalities."
    ) + first_of(len(shown), len(split), "groups of rounds")
    return Plot("latency_parts", caption, figure, f"Stacked bars, {len(shown)} panels")


def _panel(ax: Axes, title: str, group: pd.DataFrame) -> None:
    rows, left = np.arange(len(group)), np.zeros(len(group))
    for part, colour in PARTS.items():
        width = group[f"{part}_ms"].to_numpy(dtype=float)
        ax.barh(rows, width, left=left, color=colour, height=0.7, label=part)
        left = left + width
    ax.set_yticks(rows, [label(name) for name in group["fusion"]], color=INK)
    ax.set_ylim(len(rows) - 0.5, -0.5)
    ax.grid(axis="x", color=RULE, linewidth=0.5)
    ax.grid(visible=False, axis="y")
    set_title(ax, title, 60)


def _table(known: pd.DataFrame) -> Table:
    names = ["fusion", "batch", "precision", "mode", "device"]
    costs = ["params", "flops", "peak_memory_mb"]
    frame = known[[*names, *(f"{part}_ms" for part in PARTS), *costs]].reset_index(drop=True)
    left_out = [", ".join(one) if isinstance(one, dict) else "" for one in known["uncounted"]]
    frame["not_counted"] = left_out
    shown = frame[names[:2]].copy()
    for part in PARTS:
        shown[f"{part} ms"] = each(measured, frame[f"{part}_ms"])
    shown["parameters"] = each(counted, frame["params"])
    shown["FLOPs"] = each(counted, frame["flops"])
    shown["peak MiB"] = each(measured, frame["peak_memory_mb"])
    shown["not counted"] = frame["not_counted"]
    caption = "What a call costs. FLOPs are those of products, convolutions and attention."
    return Table("latency_parts", caption, frame, shown)
