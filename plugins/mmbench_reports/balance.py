"""Whether a weighting helps the modality that joint training leaves behind."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.ticker import MaxNLocator

from mmbench.artifacts import Artifact, Plot, Table, Text
from mmbench.reporting.comparisons import prepared
from mmbench.reporting.style import INK, MUTED, OKABE_ITO
from mmbench_reports.arms import JOINT, arms, focus, named
from mmbench_reports.figures import dots_with_intervals, label, panels, set_title
from mmbench_reports.formatting import change, each, number
from mmbench_reports.learned import learned
from mmbench_reports.limits import limits
from mmbench_reports.slow import sentence, slow

__all__ = ["section"]

MODALITIES_IN_PLOT = 6


def section(records: pd.DataFrame) -> list[Artifact]:
    """Which modality is slow and what raises it, a plot of one dataset, and a table of all."""
    frame = prepared(records)
    every = arms(frame)
    rows, table = focus(every), learned(frame, every)
    one = table.merge(rows[["dataset", "fusion"]].drop_duplicates(), on=["dataset", "fusion"])
    if not len(one):
        return [Text("The records hold no probes of the encoders.")]
    behind = slow(one)
    artifacts: list[Artifact] = [Text(sentence(row, one)) for row in behind.to_dict("records")] or [
        Text(
            "Which modality is slow shows only beside the joint loss alone and each modality by "
            "itself. Run with `--grid`, or with `--controls`."
        )
    ]
    artifacts += [Text(limit) for limit in limits(rows)]
    drawn = one[one["minus_alone"].notna()]
    if len(drawn):
        arms_by_dataset = drawn.groupby("dataset").size()
        artifacts.append(_plot(drawn[drawn["dataset"] == arms_by_dataset.idxmax()]))
    return [*artifacts, _table(table, one)]


def _plot(rows: pd.DataFrame) -> Plot:
    rows = rows.assign(joint=rows["default"] & (rows["objective"] == JOINT))
    rows = rows.assign(arm=named(rows).where(~rows["joint"], "joint loss alone"))
    ordered = rows.sort_values(["joint", "default", "arm"], ascending=[False, False, True])
    names = list(ordered["arm"].unique())
    modalities = sorted(rows["modality"].unique())[:MODALITIES_IN_PLOT]
    columns = min(len(modalities), 3)
    figure, axes = panels(len(modalities), columns, 0.8 + 0.19 * len(names))
    for position, (ax, modality) in enumerate(zip(axes, modalities, strict=True)):
        group = rows[rows["modality"] == modality].set_index("arm").reindex(names)
        decided = (group["minus_uniform_low"] > 0) | (group["minus_uniform_high"] < 0)
        data = pd.DataFrame(
            {
                "mean": group["minus_alone"],
                "low": group["minus_alone_low"],
                "high": group["minus_alone_high"],
                "colour": np.where(group["default"].eq(True), INK, OKABE_ITO["blue"]),
                "filled": decided | group["default"].eq(True),
            }
        )
        ax.axvline(0, color=MUTED, linewidth=0.8, zorder=2)
        dots_with_intervals(ax, names, data)
        set_title(ax, modality)
        ax.xaxis.set_major_locator(MaxNLocator(4))
        if position % columns:
            ax.set_yticklabels([])
    axes[0].set_xlabel(label(f"probe − probe of the modality alone, {rows['metric'].iloc[0]}", 60))
    dataset, fusion = rows[["dataset", "fusion"]].iloc[0]
    caption = (
        f"What each encoder learned on {dataset} with {fusion}: score of a linear probe less that of the same "
        "encoder trained alone, with the paired 95 % interval. Left of 0 the encoder has learned "
        "less than alone. Black: the default weighting. Filled blue: a difference to the default "
        "weighting with the same objective is shown; hollow: it is not."
    )
    return Plot("balance", caption, figure, f"Probes of {len(modalities)} encoders on {dataset}")


def _table(table: pd.DataFrame, one: pd.DataFrame) -> Table:
    columns = ["dataset", "fusion", "terms", "weighting", "modality"]
    shown = one[columns].rename(columns={"terms": "objective"})
    shown["probe"] = each(number, one["probe"])
    for name in ("uniform", "joint", "alone"):
        ends = [one[f"minus_{name}{end}"] for end in ("", "_low", "_high")]
        shown[f"− {name}"] = each(change, *ends)
    shown["seeds"] = one["minus_alone_seeds"]
    caption = (
        "Test score of a linear probe on each encoder's frozen features, and its difference to the "
        "probe under uniform weights (the default weighting with the same objective), under the "
        "joint loss alone, and of the modality trained alone; paired over seeds, with 95 % "
        "intervals. One fusion a dataset; all are in the CSV file."
    )
    return Table("balance", caption, table, shown)
