"""Heat maps: a matrix of numbers that can also be read, in any colour scheme of the page."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.patches import Rectangle

from mmbench.reporting.style import INK, MUTED, PAPER
from mmbench.statistics import Floats
from mmbench_reports.figures import label

__all__ = ["heat_map", "outline", "short"]

_LIGHT, _DARK = "#eef4f9", "#0b5a94"
_COLOURS = LinearSegmentedColormap.from_list("shades", [_LIGHT, _DARK])
# Not the page's ink: on a coloured cell, text must not follow its light or dark scheme.
_ON_LIGHT, _ON_DARK = "#000000", "#ffffff"


def heat_map(
    ax: Axes,
    shades: Floats,
    texts: Sequence[Sequence[str]],
    rows: Sequence[str],
    columns: Sequence[str],
    fontsize: float = 6.5,
) -> None:
    """A cell a row and column, the first row at the top.

    Args:
        ax: the panel.
        shades: `(rows, columns)` from 0, light, to 1, dark; NaN is a cell without colour.
        texts: what is written into the cells, in the same shape.
        rows: names.
        columns: names, written upright below the lowest row.
        fontsize: of the cells' text.
    """
    edges = [np.arange(count + 1) - 0.5 for count in shades.shape[::-1]]
    masked = np.ma.masked_invalid(shades)
    ax.pcolormesh(
        *edges, masked, cmap=_COLOURS, vmin=0, vmax=1, edgecolors=PAPER, linewidth=0.8, zorder=1
    )
    for (row, column), shade in np.ndenumerate(shades):
        colour = MUTED if np.isnan(shade) else _ON_DARK if shade > 0.55 else _ON_LIGHT
        cell = ax.text(
            *(column, row, texts[row][column]),
            ha="center",
            va="center",
            fontsize=fontsize,
            color=colour,
            zorder=3,
        )
        cell.set_in_layout(False)  # it lies inside the panel, and measuring thousands takes seconds
    _name_cells(ax, rows, columns)


def _name_cells(ax: Axes, rows: Sequence[str], columns: Sequence[str]) -> None:
    ax.set_yticks(range(len(rows)), [label(name, 24) for name in rows], color=INK, fontsize=7.5)
    ax.set_xticks(
        *(range(len(columns)), [label(name, 24) for name in columns]),
        color=INK,
        fontsize=7.5,
        rotation=90,
    )
    ax.set_ylim(len(rows) - 0.5, -0.5)
    ax.spines["bottom"].set_visible(False)
    ax.grid(visible=False)


def outline(ax: Axes, row: int, column: int, colour: str, dashed: bool = False) -> None:
    """A frame around one cell."""
    frame = Rectangle(
        (column - 0.46, row - 0.44),
        *(0.92, 0.88),
        fill=False,
        edgecolor=colour,
        linewidth=1.6,
        linestyle="--" if dashed else "-",
        zorder=2,
    )
    frame.set_in_layout(False)
    ax.add_patch(frame)


def short(value: float) -> str:
    """A score in as few letters as tell it apart: `.889`, `−.011`, `3.10`."""
    if not np.isfinite(value):
        return ""
    size = abs(value)
    decimals = 3 if size < 1 else max(0, 2 - int(np.log10(size)))
    digits = f"{size:.{decimals}f}".removeprefix("0")
    return f"−{digits}" if value < 0 else digits
