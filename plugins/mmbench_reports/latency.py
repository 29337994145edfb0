"""Quality against latency: what a better score costs when one sample has to be answered at once."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

from mmbench.artifacts import Artifact, Plot, Table, Text
from mmbench.reporting.comparisons import FUSED, main_rows, prepared
from mmbench.reporting.style import MUTED, OKABE_ITO, PAPER
from mmbench_reports.figures import label, panels, set_title
from mmbench_reports.formatting import counted, each, first_of, measured, number
from mmbench_reports.labels import freeze, label_front

__all__ = ["costs", "pareto_front", "section"]

DATASETS_IN_PLOT = 12
NAMES_IN_PANEL = 8
P90_SAMPLES = 20
"""Fewer timings do not support a 90th percentile."""


def costs(records: pd.DataFrame) -> pd.DataFrame:
    """Score and latency of every fusion and single modality that has both.

    Returns:
        A row a dataset and method, by dataset and latency: `dataset`, `metric`, `fusion`, `role`,
        `sign`, `score` (mean test score), `latency_ms`, `p90_ms` (NaN where there are too few
        timings), `batch_ms`, `throughput`, `memory_mb` (medians over seeds) and `front`, whether no
        method is both as fast and as good.
    """
    rows = main_rows(prepared(records))
    rows = rows[rows["fusion_role"].isin((*FUSED, "unimodal"))]
    rows = rows[rows["ok"] & (rows["latency_b1_median_ms"] > 0)]
    supported = rows["latency_b1_samples"] >= P90_SAMPLES
    rows = rows.assign(p90=rows["latency_b1_p90_ms"].where(supported))
    table = rows.groupby(["dataset", "fusion"], as_index=False).agg(
        metric=("primary_metric", "first"),
        role=("fusion_role", "first"),
        sign=("sign", "first"),
        score=("score", "mean"),
        latency_ms=("latency_b1_median_ms", "median"),
        p90_ms=("p90", "median"),
        batch_ms=("latency_b64_median_ms", "median"),
        throughput=("throughput_b64", "median"),
        memory_mb=("latency_peak_memory_mb", "median"),
    )
    table["front"] = False
    for _, group in table.groupby("dataset"):
        quality = (group["sign"] * group["score"]).to_numpy()
        table.loc[group.index, "front"] = pareto_front(group["latency_ms"].to_numpy(), quality)
    ordered: pd.DataFrame = table.sort_values(
        ["dataset", "latency_ms", "fusion"], ignore_index=True
    )
    return ordered


def pareto_front(cost: npt.ArrayLike, quality: npt.ArrayLike) -> npt.NDArray[np.bool_]:
    """Which of n methods no other beats in one of cost and quality and equals in the other.

    Args:
        cost: `(n,)`, lower is better.
        quality: `(n,)`, greater is better.

    Returns:
        `(n,)`.
    """
    cost, quality = np.asarray(cost, dtype=np.float64), np.asarray(quality, dtype=np.float64)
    order = np.lexsort((-quality, cost))
    best_before = np.maximum.accumulate(np.concatenate([[-np.inf], quality[order]]))[:-1]
    front = np.zeros(len(cost), dtype=np.bool_)
    front[order] = quality[order] > best_before
    return front


def section(records: pd.DataFrame) -> list[Artifact]:
    """A panel a dataset, and a table of the fronts."""
    table = costs(records)
    if not len(table):
        return [Text("No job has both a score and a latency.")]
    return [_plot(table), _table(table)]


def _plot(table: pd.DataFrame) -> Plot:
    datasets = sorted(table["dataset"].unique())[:DATASETS_IN_PLOT]
    figure, axes = panels(len(datasets), 2, 2.7)
    groups = [table[table["dataset"] == dataset] for dataset in datasets]
    for ax, group in zip(axes, groups, strict=True):
        _points(ax, group)
    for ax in axes[-2:]:
        ax.set_xlabel("median latency of one sample, ms")
    freeze(figure)
    for ax, group in zip(axes, groups, strict=True):
        front = group[group["front"]]
        kept = np.unique(np.linspace(0, len(front) - 1, NAMES_IN_PANEL).round().astype(int))
        named = front.iloc[kept]
        label_front(ax, list(named["latency_ms"]), list(named["score"]), list(named["fusion"]))
    caption = (
        "Mean test score against the median latency of one sample. Up and left is better. Blue: "
        "the Pareto front, named. Grey: methods that another beats in both. Hollow: a single "
        "modality."
    ) + first_of(len(datasets), table["dataset"].nunique(), "datasets")
    alt = f"Scatter of score against latency, {len(datasets)} datasets"
    return Plot("latency", caption, figure, alt)


def _points(ax: Axes, group: pd.DataFrame) -> None:
    front = group[group["front"]]
    ax.set_xscale("log")
    ax.step(front["latency_ms"], front["score"], where="post", color=OKABE_ITO["blue"], linewidth=1)
    colours = np.where(group["front"], OKABE_ITO["blue"], MUTED)
    faces = np.where(group["role"] == "unimodal", PAPER, colours)
    ax.scatter(
        group["latency_ms"], group["score"], s=22, c=faces, edgecolors=list(colours), zorder=3
    )
    ax.margins(0.08, 0.1)
    set_title(ax, str(group["dataset"].iloc[0]))
    ax.set_ylabel(label(group["metric"].iloc[0]))
    ax.xaxis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0)))
    ax.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    ax.xaxis.set_minor_formatter(NullFormatter())
    if group["sign"].iloc[0] < 0:
        ax.invert_yaxis()


def _table(table: pd.DataFrame) -> Table:
    front = table[table["front"]].reset_index(drop=True)
    shown = pd.DataFrame(
        {
            "dataset": front["dataset"].where(~front["dataset"].duplicated(), ""),
            "method": front["fusion"],
            "score": each(number, front["score"]),
            "metric": front["metric"],
            "median ms": each(measured, front["latency_ms"]),
            "p90 ms": each(measured, front["p90_ms"]),
            "batch of 64, ms": each(measured, front["batch_ms"]),
            "samples/s": each(counted, front["throughput"]),
            "peak MB": each(measured, front["memory_mb"]),
        }
    )
    caption = f"The Pareto fronts. All {len(table)} methods are in the CSV file."
    return Table("latency", caption, table, shown)
