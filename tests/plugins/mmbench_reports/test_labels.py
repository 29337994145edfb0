from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mmbench_reports.figures import panels
from mmbench_reports.labels import at_line_ends, freeze, label_front

NAMES = st.lists(st.text("abcxyz_:", min_size=1, max_size=24), min_size=1, max_size=8)


def overlap(first, second) -> bool:
    return bool(
        min(first.x1, second.x1) - max(first.x0, second.x0) > 0.5
        and min(first.y1, second.y1) - max(first.y0, second.y0) > 0.5
    )


def inside(box, ax) -> bool:
    frame = ax.get_window_extent().padded(1.5)
    return frame.x0 <= box.x0 and box.x1 <= frame.x1 and frame.y0 <= box.y0 and box.y1 <= frame.y1


def front_panel(names, steps):
    figure, (ax,) = panels(1, 2, 2.7)
    ax.set_xscale("log")
    x = 0.1 * np.cumprod(1 + np.asarray(steps[: len(names)]))
    y = 0.5 + np.cumsum(np.asarray(steps[: len(names)])) / 50
    ax.scatter(x, y)
    freeze(figure)
    return ax, x, y


@settings(max_examples=8, deadline=None)
@given(NAMES, st.lists(st.floats(0.001, 2), min_size=8, max_size=8))
def test_names_of_a_front_overlap_neither_each_other_nor_points(names, steps):
    ax, x, y = front_panel(names, steps)
    label_front(ax, x, y, names)
    boxes = [text.get_window_extent() for text in ax.texts]
    assert not any(overlap(a, b) for a, b in itertools.combinations(boxes, 2))
    points = ax.transData.transform(np.column_stack([x, y]))
    assert not any(box.contains(*point) for box in boxes for point in points)


def test_names_of_a_front_are_inside_the_panel():
    names = [f"a_long_name_of_fusion_{i}" for i in range(6)]
    ax, x, y = front_panel(names, [0.01] * 6)
    label_front(ax, x, y, names)
    assert all(inside(text.get_window_extent(), ax) for text in ax.texts)


def test_a_name_that_had_to_move_has_a_leader():
    names = ["first_fusion", "second_fusion", "third_fusion"]
    ax, x, y = front_panel(names, [0.001] * 3)
    ax.scatter(10.0, 0.1)
    label_front(ax, x, y, names)
    assert len(ax.lines) == 2


@pytest.mark.parametrize("scale", ["linear", "log"])
@pytest.mark.parametrize("level", [0.0, 0.5, 1.0])
def test_names_at_line_ends_keep_apart_and_inside(level, scale):
    figure, (ax,) = panels(1, 2, 2.5)
    ax.plot([1, 10], [0, 1])
    ax.set_xscale(scale)
    freeze(figure)
    names = ["gated", "concat", "late_transformer", "unimodal:audio", "bottleneck"]
    ends = [level + i / 1e4 for i in range(5)]
    at_line_ends(ax, [10, 9, 8, 10, 10], ends, names, ["#000000"] * 5)
    boxes = [text.get_window_extent() for text in ax.texts]
    heights = [box.y0 for box in boxes]
    assert heights == sorted(heights)
    assert min(np.diff(heights)) > 0.9 * boxes[0].height
    assert all(box.x1 <= ax.get_window_extent().x1 + 1 for box in boxes)
    assert all(tick <= 10 for tick in ax.get_xticks())
