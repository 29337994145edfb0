"""What a loss weighting costs in training, as a ratio to the default one."""

from __future__ import annotations

import pandas as pd

from mmbench.artifacts import Artifact, Plot, Table, Text
from mmbench.reporting.comparisons import prepared
from mmbench.reporting.style import INK, OKABE_ITO
from mmbench_reports.arms import ARM, SAME_TERMS, arms, beside, named, uniform
from mmbench_reports.figures import dots_with_intervals, label, stacked
from mmbench_reports.formatting import each, measured

__all__ = ["costs", "section"]

ARMS_IN_PLOT = 60
_COSTS = {"passes": "backward_passes", "seconds": "batch_seconds"}


def costs(rows: pd.DataFrame) -> pd.DataFrame:
    """Backward passes and training time a batch of `arms`, against those of the default weighting.

    A ratio is taken within a dataset, fusion, seed and objective.

    Returns:
        A row an objective and weighting, by time: those columns, `terms` (the objective in words),
        `against` (the default weighting), `pairs`, `passes` and `seconds` (medians of what it costs),
        and `<cost>_ratio` with `<cost>_ratio_low` and `<cost>_ratio_high` (median and range of the
        pairs).
    """
    others = rows[rows["ok"] & ~rows["default"]]
    default = uniform(rows)
    ratios = others[[*ARM, "terms"]].assign(against=others["main_weighting"])
    for name, column in _COSTS.items():
        positive = default[default[column] > 0]
        beside_it = beside(others, positive, SAME_TERMS, column, "of_default").set_index(
            others.index
        )
        ratios[name] = others[column]
        ratios[f"{name}_ratio"] = others[column] / beside_it["of_default"]
    ratios = ratios[ratios["seconds_ratio"].notna() | ratios["passes_ratio"].notna()]
    groups = ratios.groupby([*ARM, "terms", "against"])
    table = groups[[*_COSTS]].median()
    table.insert(0, "pairs", groups.size())
    for name in _COSTS:
        ratio = groups[f"{name}_ratio"]
        table[f"{name}_ratio"] = ratio.median()
        table[f"{name}_ratio_low"], table[f"{name}_ratio_high"] = ratio.min(), ratio.max()
    ordered: pd.DataFrame = table.reset_index().sort_values(
        ["seconds_ratio", "weighting", "terms"], ignore_index=True
    )
    return ordered


def section(records: pd.DataFrame) -> list[Artifact]:
    """A row a weighting, as a table and as a plot of time."""
    table = costs(arms(prepared(records)))
    if not len(table):
        return [
            Text(
                "No weighting has a training cost beside that of the default weighting with the same "
                "objective."
            )
        ]
    timed = table[table["seconds_ratio"].notna()]
    plots: list[Artifact] = [_plot(timed)] if len(timed) else []
    return [*plots, _table(table)]


def _plot(timed: pd.DataFrame) -> Plot:
    drawn = timed.head(ARMS_IN_PLOT)
    figure, (ax,) = stacked([0.7 + 0.2 * len(drawn)])
    data = pd.DataFrame(
        {
            "mean": drawn["seconds_ratio"],
            "low": drawn["seconds_ratio_low"],
            "high": drawn["seconds_ratio_high"],
            "colour": OKABE_ITO["blue"],
            "filled": True,
        }
    )
    ax.axvline(1, color=INK, linewidth=0.8, zorder=2)
    dots_with_intervals(ax, list(named(drawn)), data)
    ax.set_xlim(left=0)
    ax.set_xlabel(label(f"time a batch, as a multiple of that of {drawn['against'].iloc[0]}", 80))
    caption = (
        "Training time a batch over that of the default weighting with the same objective, dataset, "
        "fusion and seed: median of the pairs, and a line from the least to the greatest."
    )
    return Plot("weighting-cost", caption, figure, f"Time a batch of {len(drawn)} weightings")


def _table(table: pd.DataFrame) -> Table:
    shown = table[["weighting", "terms", "against"]].rename(columns={"terms": "objective"})
    for name, head in (("passes", "backward passes"), ("seconds", "time")):
        ends = [table[f"{name}_ratio_low"], table[f"{name}_ratio_high"]]
        if name == "passes":
            shown["backward passes a batch"] = each(measured, table["passes"])
        shown[f"{head}, ratio"] = each(measured, table[f"{name}_ratio"])
        shown[f"{head}, range"] = each(
            lambda low, high: f"{measured(low)} to {measured(high)}", *ends
        )
    shown["pairs"] = table["pairs"]
    caption = (
        "Backward passes through an encoder, and training time, a batch: ratios to the default "
        "weighting with the same objective, dataset, fusion and seed. Jobs that run side by side "
        "share the processor, so that a single ratio of times is rough."
    )
    return Table("weighting-cost", caption, table, shown)
