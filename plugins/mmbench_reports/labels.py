"""Names beside points and lines that overlap neither each other nor what they name."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.text import Text

from mmbench.reporting.style import INK, MUTED
from mmbench.statistics import Floats
from mmbench_reports.figures import label, spread

__all__ = ["at_line_ends", "freeze", "label_front"]

_SIZE = 8
_GAP = 5.0
"""Pixels between a point and its name."""
_ROUNDS = 8
"""Widening the limits moves the points, so the room that names need is found by iteration."""


def freeze(figure: Figure) -> None:
    """Fix the layout, so that positions measured in pixels stay true."""
    FigureCanvasAgg(figure)
    figure.draw_without_rendering()
    figure.set_layout_engine("none")


def label_front(ax: Axes, x: Sequence[float], y: Sequence[float], names: Sequence[str]) -> None:
    """Name the points of a Pareto front whose better side is up and left, sorted along x.

    No other point lies up and left of a point of the front, so its name goes there, moved up until
    it is free of the names before it. The limits are widened until all names are inside.
    """
    texts = [ax.text(0, 0, label(name, 24), fontsize=_SIZE, color=INK) for name in names]
    sizes = [_size(text) for text in texts]
    boxes: list[tuple[float, float]] = []
    for _ in range(_ROUNDS):
        points = ax.transData.transform(np.column_stack([x, y]))
        boxes = _above_left(points, sizes)
        frame = ax.get_window_extent()
        left = min(box[0] for box in boxes) - frame.x0
        top = max(box[1] + size[1] for box, size in zip(boxes, sizes, strict=True)) - frame.y1
        if left >= 0 and top <= 0:
            break
        _widen(ax, max(0.0, -left) / frame.width, max(0.0, top) / frame.height)
    points = ax.transData.transform(np.column_stack([x, y]))
    for text, point, box, size in zip(
        texts, points, _above_left(points, sizes), sizes, strict=True
    ):
        _place(text, ax, box)
        text.set_verticalalignment("bottom")
        if box[1] - point[1] > size[1]:
            ends = ax.transData.inverted().transform([point, (box[0] + size[0], box[1])])
            ax.plot(*ends.T, color=MUTED, linewidth=0.5, scalex=False, scaley=False)


def at_line_ends(
    ax: Axes,
    x: Sequence[float],
    y: Sequence[float],
    names: Sequence[str],
    colours: Sequence[str],
    length: int = 22,
) -> None:
    """Name lines right of the longest, one under the other in the order of their ends."""
    ticks = [tick for tick in ax.get_xticks() if tick <= max(x)]
    texts = [
        ax.text(0, 0, label(name, length), fontsize=_SIZE, color=colour, va="center")
        for name, colour in zip(names, colours, strict=True)
    ]
    width = max(_size(text)[0] for text in texts) + 2 * _GAP
    frame = ax.get_window_extent()
    scale = ax.xaxis.get_transform()
    start, end = scale.transform(ax.get_xlim())
    wider = start + (end - start) / (1 - min(width / frame.width, 0.6))
    ax.set_xlim(*scale.inverted().transform([start, wider]))
    ax.set_xticks([tick for tick in ticks if tick >= ax.get_xlim()[0]])
    points = ax.transData.transform(np.column_stack([x, y]))
    line = _size(texts[0])[1]
    heights = spread(points[:, 1], line * 0.95)
    heights += max(0.0, frame.y0 + line / 2 - heights.min())
    heights -= max(0.0, heights.max() - frame.y1)
    for text, height in zip(texts, heights, strict=True):
        _place(text, ax, (points[:, 0].max() + _GAP, height))


def _place(text: Text, ax: Axes, pixel: tuple[float, float]) -> None:
    x, y = ax.transData.inverted().transform(pixel)
    text.set_position((float(x), float(y)))


def _size(text: Text) -> tuple[float, float]:
    box = text.get_window_extent()
    return float(box.width), float(box.height)


def _above_left(points: Floats, sizes: Sequence[tuple[float, float]]) -> list[tuple[float, float]]:
    """The lower left corner of each name's box, in pixels."""
    boxes: list[tuple[float, float]] = []
    for (x, y), (width, height) in zip(points, sizes, strict=True):
        left, bottom = x - _GAP - width, y + 1
        for (other_left, other_bottom), (other_width, other_height) in zip(
            boxes, sizes, strict=False
        ):
            apart = other_left + other_width < left or other_left > left + width
            if (
                not apart
                and bottom < other_bottom + other_height
                and bottom + height > other_bottom
            ):
                bottom = other_bottom + other_height
        boxes.append((float(left), float(bottom)))
    return boxes


def _widen(ax: Axes, left: float, top: float) -> None:
    """Move the left and upper limit out by a fraction of the panel."""
    start, end = np.log10(ax.get_xlim())
    ax.set_xlim(10 ** (end - (end - start) / (1 - min(left, 0.5))), 10**end)
    bottom, upper = ax.get_ylim()
    ax.set_ylim(bottom, bottom + (upper - bottom) / (1 - min(top, 0.5)))
