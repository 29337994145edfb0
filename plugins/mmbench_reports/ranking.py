"""Which method is best, by average rank and by test score per dataset, beside what it costs."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.ticker import MaxNLocator

from mmbench.artifacts import Artifact, Plot, Table, Text
from mmbench.reporting.files import slug, unique
from mmbench.reporting.style import MUTED, OKABE_ITO
from mmbench_reports.figures import dots_with_intervals, label, panels, set_title
from mmbench_reports.formatting import counted, each, first_of, measured, number, plus_minus, signed
from mmbench_reports.standings import overall, standings

__all__ = ["section"]

DATASETS_IN_TABLE = 8
DATASETS_IN_PLOT = 12
FUSIONS_IN_PLOT = 24
_HOW = (
    "Fusions are ranked by mean test score; single modalities and the majority or mean predictor "
    "stand between them without a rank. A method that lacks seeds, because jobs failed, is ranked "
    "on the seeds it finished and marked †. One that failed on every seed of a dataset is ranked "
    "last there. ± is half of the 95 % corrected resampled t interval. “≈ first” means that no "
    "paired difference to the first fusion is shown."
)


def section(records: pd.DataFrame) -> list[Artifact]:
    """The overall table, a plot of all datasets, and a table a dataset."""
    table = standings(records)
    if not (table["seeds"] > 0).any():
        return [Text("No job has finished: there is nothing to rank.")]
    summary = overall(table)
    artifacts: list[Artifact] = [Text(_HOW)]
    if len(summary):
        artifacts += [_overall_table(summary), _plot(table, summary)]
    taken: set[str] = set()
    for dataset, group in table.groupby("dataset"):
        name = unique(f"ranking-{slug(str(dataset))}", taken)
        artifacts.append(_dataset_table(name, str(dataset), group))
    return artifacts


def _overall_table(summary: pd.DataFrame) -> Table:
    marks = np.where(summary["incomplete"] > 0, " †", "")
    shown = pd.DataFrame(
        {
            "fusion": summary["fusion"] + marks,
            "average rank": [f"{rank:.2f}" for rank in summary["average_rank"]],
        }
    )
    if summary["datasets"].nunique() > 1:
        shown["datasets"] = summary["datasets"]
    costs = pd.DataFrame(
        {
            "failed": summary["failed"],
            "params": each(counted, summary["params"]),
            "train s": each(measured, summary["train_seconds"]),
            "latency ms": each(measured, summary["latency_ms"]),
        }
    )
    scores = summary.filter(regex="^score:").map(number)
    scores.columns = scores.columns.str.removeprefix("score:")
    caption = "Fusions by average rank over datasets; beside it the mean test score on each."
    if scores.shape[1] > DATASETS_IN_TABLE:
        scores = scores.iloc[:, :0]
        caption = "Fusions by average rank over datasets. Scores are below and in the CSV file."
    return Table("ranking", caption, summary, pd.concat([shown, scores, costs], axis=1))


def _dataset_table(name: str, dataset: str, group: pd.DataFrame) -> Table:
    metric = str(group["metric"].iloc[0])
    half = (group["high"] - group["low"]) / 2
    marks = np.where(group["complete"], "", " †")
    shown = pd.DataFrame(
        {
            "rank": [f"{rank:g}" if np.isfinite(rank) else "–" for rank in group["rank"]],
            "fusion": group["fusion"],
            metric: each(plus_minus, group["score"], half),
            "against first": _against_first(group),
            "seeds": group["seeds"].astype(str) + marks,
            "failed": group["failed"],
            "params": each(counted, group["params"]),
            "train s": each(measured, group["train_seconds"]),
            "latency ms": each(measured, group["latency_ms"]),
        }
    )
    return Table(name, f"{dataset}, by {metric} on the test part.", group, shown)


def _against_first(group: pd.DataFrame) -> list[str]:
    straddles = (group["against_first_low"] <= 0) & (group["against_first_high"] >= 0)
    marks = np.where(straddles & (group["rank"] != 1), " ≈ first", "")
    differences = each(signed, group["against_first"].where(group["rank"] != 1))
    return [difference + mark for difference, mark in zip(differences, marks, strict=True)]


def _plot(table: pd.DataFrame, summary: pd.DataFrame) -> Plot:
    names = list(summary["fusion"].head(FUSIONS_IN_PLOT))
    datasets = sorted(table["dataset"].unique())[:DATASETS_IN_PLOT]
    columns = min(len(datasets), 6)
    figure, axes = panels(len(datasets), columns, 0.8 + 0.2 * len(names))
    for position, (ax, dataset) in enumerate(zip(axes, datasets, strict=True)):
        rows = table[table["dataset"] == dataset]
        group = rows.set_index("fusion").reindex(names)
        data = pd.DataFrame({"mean": group["score"], "low": group["low"], "high": group["high"]})
        data["colour"] = np.where(group["rank"] == 1, OKABE_ITO["blue"], MUTED)
        data["filled"] = True
        dots_with_intervals(ax, names, data)
        set_title(ax, dataset, 15)
        ax.set_xlabel(label(rows["metric"].iloc[0]))
        ax.xaxis.set_major_locator(MaxNLocator(3))
        if position % columns:
            ax.set_yticklabels([])
    caption = (
        "Mean test score with its 95 % interval, fusions ordered by average rank; blue: the first "
        "on the dataset."
    )
    caption += first_of(len(datasets), table["dataset"].nunique(), "datasets")
    caption += first_of(len(names), len(summary), "fusions")
    alt = f"Test scores of {len(names)} fusions on {len(datasets)} datasets"
    return Plot("ranking", caption, figure, alt)
