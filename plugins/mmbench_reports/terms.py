"""Curves by term of the loss: reading them from records, and drawing a term the same way everywhere."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import zip_longest
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator

from mmbench.reporting.style import INK, MUTED, OKABE_ITO
from mmbench.statistics import Floats
from mmbench_reports.figures import label

__all__ = [
    "Style",
    "by_epoch",
    "columns",
    "curves",
    "draw",
    "has_epochs",
    "in_order",
    "legend",
    "padded",
    "styles",
]

_KINDS = ("joint", "uni", "align")
_DASHES: tuple[Any, ...] = ((0, (4, 1.5)), (0, (1.2, 1.2)), (0, (6, 1.5, 1.2, 1.5)))


class Style(NamedTuple):
    """How a term's line looks."""

    colour: str
    dash: Any


def columns(frame: pd.DataFrame, prefix: str) -> dict[str, str]:
    """What follows the prefix -> the column, in the order of the frame."""
    return {name[len(prefix) :]: name for name in map(str, frame) if name.startswith(prefix)}


def has_epochs(curve: object) -> bool:
    """Whether a record's value is a curve of at least one epoch."""
    return isinstance(curve, list | tuple | np.ndarray) and len(curve) > 0


def curves(rows: pd.DataFrame, column: str, keep: list[str]) -> pd.DataFrame:
    """Of the rows that have a curve in the column, `keep` and the column."""
    known = rows.loc[rows[column].notna(), [*keep, column]]
    return known[known[column].map(has_epochs).astype(bool)]


def padded(curves: Sequence[Sequence[float | None]]) -> Floats:
    """Curves of different lengths as `(n, longest)`, NaN where one has no value."""
    epochs = list(zip_longest(*curves, fillvalue=np.nan))
    return np.asarray(epochs, dtype=np.float64).reshape(len(epochs), len(curves)).T


def by_epoch(rows: pd.DataFrame, column: str, keep: list[str]) -> pd.DataFrame:
    """The curves of a column as `keep`, `epoch` from 1 and `value`, a row where there is one."""
    seen = curves(rows, column, keep)
    values = padded(list(seen[column]))
    wide = pd.DataFrame(values, index=seen.index).set_axis(range(1, values.shape[1] + 1), axis=1)
    long = seen[keep].join(wide).melt(keep, var_name="epoch").dropna(subset="value")
    return long.astype({"epoch": np.int64, "value": np.float64})


def in_order(terms: Iterable[str]) -> list[str]:
    """The fused loss first, then those of modalities and of pairs, then all others."""
    return sorted(set(terms), key=lambda term: (_rank(term), term))


def styles(terms: Iterable[str]) -> dict[str, Style]:
    """A colour a modality: solid for its own loss, dashed for what pulls it towards another."""
    ordered = in_order(terms)
    pairs = [term.partition(":")[2].partition("->") for term in ordered if _kind(term) == "align"]
    alone = [term.partition(":")[2] for term in ordered if _kind(term) == "uni"]
    modalities = sorted({*alone, *(pair[0] for pair in pairs), *(pair[2] for pair in pairs)})
    palette = list(OKABE_ITO.values())
    colours = {name: palette[i % len(palette)] for i, name in enumerate(modalities)}
    dashes = {name: _DASHES[i % len(_DASHES)] for i, name in enumerate(modalities)}
    found = {}
    for term in ordered:
        first, _, second = term.partition(":")[2].partition("->")
        if _kind(term) == "align":
            found[term] = Style(colours[first], dashes[second])
        else:
            found[term] = Style(colours.get(first, INK if term == "joint" else MUTED), "-")
    return found


def draw(ax: Axes, curve: pd.DataFrame, style: Style) -> None:
    """A line at `mean` by `epoch`, over a band from `low` to `high`."""
    ax.fill_between(
        curve["epoch"], curve["low"], curve["high"], color=style.colour, alpha=0.16, linewidth=0
    )
    marker = "o" if len(curve) == 1 else None
    ax.plot(
        *(curve["epoch"], curve["mean"]),
        color=style.colour,
        linestyle=style.dash,
        linewidth=1.4,
        marker=marker,
        markersize=3,
    )
    ax.xaxis.set_major_locator(MaxNLocator(6, integer=True))


def legend(figure: Figure, drawn: dict[str, Style]) -> None:
    """What the lines stand for, once above all panels."""
    lines = [
        Line2D([], [], color=s.colour, linestyle=s.dash, linewidth=1.6) for s in drawn.values()
    ]
    figure.legend(
        lines,
        [label(term) for term in drawn],
        loc="outside upper left",
        ncols=min(len(drawn), 6),
        frameon=False,
        fontsize=8,
        labelcolor=INK,
        handlelength=2.6,
    )


def _kind(term: str) -> str:
    return term.partition(":")[0]


def _rank(term: str) -> int:
    kind = _kind(term)
    return _KINDS.index(kind) if kind in _KINDS else len(_KINDS)
