"""Every fusion under every weighting: which combination scores what."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from mmbench.artifacts import Artifact, Plot, Table, Text
from mmbench.reporting.comparisons import prepared
from mmbench.reporting.files import slug, unique
from mmbench.reporting.style import OKABE_ITO
from mmbench_reports.arms import arms
from mmbench_reports.cells import cells, drawn
from mmbench_reports.figures import set_title, stacked
from mmbench_reports.formatting import each, first_of, interval, number, signed
from mmbench_reports.heatmaps import heat_map, outline, short
from mmbench_reports.paired import BETTER, WORSE

__all__ = ["section"]

CELLS = 7000
"""In all heat maps together: a thousand take about two seconds to draw."""
COLUMNS = 28
"""Weightings in one panel; more are spread over panels of equal width."""
_FAILED, _SKIPPED = "×", "–"
_FRAMES = {BETTER: (OKABE_ITO["orange"], False), WORSE: (OKABE_ITO["vermilion"], True)}


def section(records: pd.DataFrame) -> list[Artifact]:
    """A heat map a dataset, and the cells that differ from the default weighting."""
    table = cells(arms(prepared(records)))
    grids = drawn(table)
    if not len(grids):
        return [
            Text(
                "No dataset has two fusions under two weightings of one objective. Run with `--grid`."
            )
        ]
    artifacts: list[Artifact] = [Text(_expected(grids))] if (grids["seeds"] > 1).any() else []
    taken: set[str] = set()
    sizes = grids.groupby("dataset").size().cumsum()
    shown = sizes.index[: max(1, int((sizes <= CELLS).sum()))]
    for dataset in shown:
        name = unique(f"grid-{slug(str(dataset))}", taken)
        artifacts.append(_plot(name, grids[grids["dataset"] == dataset]))
    return [*artifacts, _table(table, first_of(len(shown), len(sizes), "datasets"))]


def _expected(grids: pd.DataFrame) -> str:
    decided = int((grids["seeds"] > 1).sum())
    better, worse = (int((grids["found"] == word).sum()) for word in (BETTER, WORSE))
    return (
        f"Of {decided} combinations of a fusion and a weighting, {better} score above the default "
        f"weighting with the same fusion and {worse} below it, by an interval that leaves out 0. If "
        f"no weighting mattered, about {0.05 * decided:.1f} would. The best of many cells is best "
        "by chance in part."
    )


def _plot(name: str, rows: pd.DataFrame) -> Plot:
    ordered = rows.sort_values(["other", "default", "column"], ascending=[False, False, True])
    columns = list(ordered["column"].unique())
    default = rows[rows["default"] & ~rows["other"]].set_index("fusion")
    order = (default["sign"] * default["score"]).sort_values(ascending=False, kind="stable").index
    fusions = [*order, *sorted(set(rows["fusion"]) - set(order))]
    parts = np.array_split(np.asarray(columns, dtype=object), -(-len(columns) // COLUMNS))
    figure, axes = stacked([1.3 + 0.19 * len(fusions)] * len(parts))
    oriented = rows["sign"] * rows["score"]
    span = float(oriented.quantile(0.05)), float(oriented.max())
    for ax, part in zip(axes, parts, strict=True):
        _panel(ax, rows, fusions, list(part), span)
    dataset, metric = rows[["dataset", "metric"]].iloc[0]
    set_title(axes[0], f"{dataset}, {metric}")
    caption = (
        f"Mean test {metric} on {dataset} of every fusion under every weighting, fusions in the order of "
        "their score under the default one; the darker the better. A frame marks what differs from "
        "the default weighting with the same fusion by a paired 95 % interval that leaves out 0: "
        f"orange, better; dashed, worse. {_FAILED}: every seed failed. {_SKIPPED}: not applicable, or "
        "not run. †: some seeds failed."
    )
    alt = f"Scores of {len(fusions)} fusions under {len(columns)} weightings on {dataset}"
    return Plot(name, caption, figure, alt)


def _panel(
    ax: Axes, rows: pd.DataFrame, fusions: list[str], columns: list[str], span: tuple[float, float]
) -> None:
    worst, best = span
    quality = (rows["sign"] * rows["score"] - worst) / (best - worst if best > worst else 1.0)
    scores = pd.Series(each(short, rows["score"]), index=rows.index)
    scores += np.where((rows["finished"] > 0) & (rows["failed"] > 0), "†", "")
    empty = np.where(rows["failed"] > 0, _FAILED, _SKIPPED)
    marked = rows.assign(shade=quality.clip(0, 1), text=scores.where(rows["finished"] > 0, empty))
    shades, texts, words = (
        marked.pivot(index="fusion", columns="column", values=name).reindex(
            index=fusions, columns=columns
        )
        for name in ("shade", "text", "found")
    )
    cells = texts.fillna(_SKIPPED).to_numpy()
    heat_map(ax, shades.to_numpy(dtype=np.float64), cells.tolist(), fusions, columns)
    for word, (colour, dashed) in _FRAMES.items():
        for row, column in np.argwhere((words == word).to_numpy()):
            outline(ax, row, column, colour, dashed=dashed)


def _table(table: pd.DataFrame, left_out: str) -> Table:
    marked = table[table["found"].isin((BETTER, WORSE))]
    shown = pd.DataFrame(
        {
            "dataset": marked["dataset"],
            "fusion": marked["fusion"],
            "objective": marked["terms"],
            "weighting": marked["weighting"],
            "score": each(number, marked["score"]),
            "metric": marked["metric"],
            "shows": marked["found"],
            "difference": each(signed, marked["difference"]),
            "95 % interval": each(interval, marked["low"], marked["high"]),
            "seeds": marked["seeds"],
        }
    )
    caption = (
        "The combinations whose paired interval against the default weighting with the same fusion "
        f"leaves out 0: {len(marked)}. All {len(table)} are in the CSV file."
    )
    return Table("grid", caption + left_out, table, shown)
