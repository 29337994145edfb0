from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from matplotlib.text import Text

from mmbench_reports.figures import label, panels, spread, stacked

POSITIONS = st.lists(st.floats(-100, 100), min_size=1, max_size=12)


@given(st.text("a$\\{}_^ \n", max_size=60))
def test_no_name_is_a_formula(name):
    shown, is_formula = Text()._preprocess_math(label(name))
    assert not is_formula
    assert "".join(shown.split()).rstrip("…") in "".join(name.split())


def test_a_label_is_short_and_on_one_line():
    assert label("a\n b\x1b" + "c" * 100) == "a b" + "c" * 28 + "…"


@given(POSITIONS, st.floats(0.1, 20))
def test_spread_keeps_the_order_and_the_gap(positions, gap):
    placed = spread(positions, gap)
    ordered = placed[np.argsort(positions, kind="stable")]
    assert (np.diff(ordered) >= gap - 1e-6).all()


@given(POSITIONS)
def test_spread_leaves_what_is_apart_already(positions):
    apart = np.sort(positions) + 5.0 * np.arange(len(positions))
    assert np.allclose(spread(apart, 5.0), apart)


def test_spread_moves_as_little_as_it_can():
    assert spread([0.0, 0.0, 10.0], 2.0) == pytest.approx([-1.0, 1.0, 10.0])


def test_panels_hide_what_they_do_not_need():
    figure, axes = panels(4, 3, 1.0)
    assert len(axes) == 4
    assert figure.get_size_inches()[1] == 2.0
    assert sum(ax.axison for ax in figure.axes) == 4


def test_stacked_panels_have_their_own_heights():
    figure, axes = stacked([1.0, 2.0])
    assert len(axes) == 2
    assert figure.get_size_inches()[1] == 3.0
