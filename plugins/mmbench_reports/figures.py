"""What the plots share: a quiet style, panels, and labels of names that nobody has checked."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import matplotlib as mpl
import numpy as np
import numpy.typing as npt
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from scipy.optimize import isotonic_regression

from mmbench.reporting.style import INK, MUTED, PAPER, RULE
from mmbench.statistics import Floats

__all__ = ["dots_with_intervals", "label", "panels", "set_title", "spread", "stacked"]

WIDTH = 9.0
"""Inches; the page's column."""

_STYLE: dict[Any, Any] = {
    "font.size": 9,
    "text.color": INK,
    "text.usetex": False,
    "axes.edgecolor": RULE,
    "axes.facecolor": "none",
    "axes.labelcolor": MUTED,
    "axes.linewidth": 0.8,
    "axes.axisbelow": True,
    "figure.facecolor": PAPER,
    "savefig.facecolor": PAPER,
}


def label(name: str, length: int = 32) -> str:
    """A name as Matplotlib text: one short line, with no `$` that would start a formula."""
    name = "".join(letter for letter in " ".join(str(name).split()) if letter.isprintable())
    short = name if len(name) <= length else f"{name[: length - 1]}…"
    return short.replace("$", r"\$")


def panels(count: int, columns: int, height: float) -> tuple[Figure, list[Axes]]:
    """A figure of `count` panels, each `height` inches high, `columns` in a row."""
    columns = max(1, min(columns, count))
    rows = -(-count // columns)
    figure, axes = _subplots(rows, columns, [height] * rows)
    for unused in axes[count:]:
        unused.set_axis_off()
    return figure, axes[:count]


def stacked(heights: Sequence[float]) -> tuple[Figure, list[Axes]]:
    """A figure of panels one under the other, each of its own height in inches."""
    return _subplots(len(heights), 1, heights)


def set_title(ax: Axes, name: str, length: int = 32) -> None:
    ax.set_title(label(name, length), loc="left", fontsize=8.5, fontweight="bold", color=INK)


def dots_with_intervals(ax: Axes, names: Sequence[str], data: pd.DataFrame) -> None:
    """One row a name, from the top: a dot at `mean`, a line from `low` to `high`, in `colour`.

    The dot is hollow where `filled` is false; there is no line where there is no interval.
    """
    rows = np.arange(len(names))
    ax.hlines(rows, data["low"], data["high"], colors=list(data["colour"]), linewidth=2.2, zorder=3)
    edges, faces = list(data["colour"]), list(data["colour"].where(data["filled"], PAPER))
    ax.scatter(data["mean"], rows, s=26, c=faces, edgecolors=edges, linewidths=1.5, zorder=4)
    ax.set_yticks(rows, [label(name) for name in names], color=INK)
    ax.set_ylim(len(names) - 0.5, -0.5)
    ax.grid(axis="x", color=RULE, linewidth=0.5)
    ax.grid(visible=False, axis="y")


def _subplots(rows: int, columns: int, heights: Sequence[float]) -> tuple[Figure, list[Axes]]:
    with mpl.rc_context(_STYLE):
        figure = Figure(figsize=(WIDTH, sum(heights)), layout="constrained")
        grid = figure.subplots(rows, columns, squeeze=False, height_ratios=heights)
    axes = list(grid.ravel())
    for ax in axes:
        ax.spines[["top", "right", "left"]].set_visible(False)
        ax.tick_params(length=0, labelsize=8, labelcolor=MUTED, which="both")
        ax.grid(axis="y", color=RULE, linewidth=0.5)
    return figure, axes


def spread(positions: npt.ArrayLike, gap: float) -> Floats:
    """The positions nearest to `(n,)` given ones that are at least `gap` apart, in the same order.

    That is the isotonic regression of the positions less what the gaps before them take up.
    """
    wanted = np.asarray(positions, dtype=np.float64)
    order = np.argsort(wanted, kind="stable")
    room = gap * np.arange(len(wanted))
    result = np.empty(len(wanted))
    result[order] = isotonic_regression(wanted[order] - room).x + room
    return result
