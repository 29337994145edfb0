"""Learning curves: the validation score by epoch of a few methods per dataset."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from mmbench.artifacts import Artifact, Plot, Text
from mmbench.reporting.comparisons import FUSED, main_rows, prepared
from mmbench.reporting.style import INK, OKABE_ITO
from mmbench.statistics import Floats
from mmbench_reports.figures import label, panels, set_title
from mmbench_reports.formatting import first_of
from mmbench_reports.labels import at_line_ends, freeze
from mmbench_reports.terms import has_epochs

__all__ = ["mean_curve", "section"]

DATASETS_IN_PLOT = 12
BEST_FUSIONS = 3
_COLUMN = "curve_validation_score"


def mean_curve(curves: list[list[float]]) -> Floats:
    """Mean over seeds, up to the last epoch that every seed reached.

    Args:
        curves: one list of values a seed, one value an epoch; lengths may differ.

    Returns:
        `(epochs,)`.
    """
    epochs = min(map(len, curves))
    common = np.asarray([curve[:epochs] for curve in curves], dtype=np.float64)
    mean: Floats = common.mean(axis=0)
    return mean


def section(records: pd.DataFrame) -> list[Artifact]:
    """A panel a dataset."""
    rows = main_rows(prepared(records))
    if _COLUMN not in rows:
        return [Text("The records hold no learning curves.")]
    rows = rows[rows["ok"] & rows["fusion_role"].isin((*FUSED, "unimodal"))]
    rows = rows[rows[_COLUMN].map(has_epochs).astype(bool)]
    if not len(rows):
        return [Text("No job has a learning curve.")]
    datasets = sorted(rows["dataset"].unique())[:DATASETS_IN_PLOT]
    figure, axes = panels(len(datasets), 2, 2.5)
    lines = [_lines(rows[rows["dataset"] == dataset]) for dataset in datasets]
    for ax, dataset, curves in zip(axes, datasets, lines, strict=True):
        metric = rows.loc[rows["dataset"] == dataset, "primary_metric"].iloc[0]
        _draw(ax, dataset, label(f"validation {metric}"), curves)
    for ax in axes[-2:]:
        ax.set_xlabel("epoch")
    freeze(figure)
    for ax, curves in zip(axes, lines, strict=True):
        ends = [(len(curve), curve[-1]) for _, curve, _ in curves]
        x, y = zip(*ends, strict=True)
        at_line_ends(ax, x, y, [name for name, _, _ in curves], [colour for _, _, colour in curves])
    caption = (
        "Validation score by epoch, mean over seeds up to the last epoch that every seed reached: "
        f"the default fusion, the best single modality and the {BEST_FUSIONS} best other fusions, "
        "all by validation score."
    ) + first_of(len(datasets), rows["dataset"].nunique(), "datasets")
    return [Plot("curves", caption, figure, f"Learning curves on {len(datasets)} datasets")]


def _lines(rows: pd.DataFrame) -> list[tuple[str, Floats, str]]:
    """Name, mean curve and colour of the methods that a panel shows."""
    sign = rows["sign"].iloc[0]
    by_method = (
        (rows["validation_score"] * sign).groupby([rows["fusion_role"], rows["fusion"]]).mean()
    )
    best = by_method.reset_index().sort_values(
        ["validation_score", "fusion"], ascending=[False, True]
    )
    default = best[best["fusion_role"] == "default"]["fusion"].head(1)
    single = best[best["fusion_role"] == "unimodal"]["fusion"].head(1)
    others = best[best["fusion_role"].isin(FUSED) & ~best["fusion"].isin(default)]["fusion"]
    colours = [OKABE_ITO["blue"], OKABE_ITO["green"], OKABE_ITO["purple"]]
    chosen = [*zip(others.head(BEST_FUSIONS), colours, strict=False)]
    chosen += [(name, INK) for name in default] + [
        (name, OKABE_ITO["vermilion"]) for name in single
    ]
    curves = rows.groupby("fusion")[_COLUMN]
    return [(name, mean_curve(list(curves.get_group(name))), colour) for name, colour in chosen]


def _draw(ax: Axes, title: str, y_label: str, curves: list[tuple[str, Floats, str]]) -> None:
    for _, curve, colour in curves:
        marker = "o" if len(curve) == 1 else None
        ax.plot(np.arange(1, len(curve) + 1), curve, color=colour, linewidth=1.4, marker=marker)
    set_title(ax, title)
    ax.set_ylabel(y_label)
    ax.xaxis.set_major_locator(MaxNLocator(6, integer=True))
