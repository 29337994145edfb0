from __future__ import annotations

import numpy as np
import pytest

from mmbench.reporting.style import PLOT_VARIABLES
from mmbench_reports.figures import panels
from mmbench_reports.heatmaps import heat_map, outline, short


@pytest.mark.parametrize(
    ("value", "text"),
    [
        *[(0.8894, ".889"), (-0.0111, "−.011"), (0.0, ".000"), (np.nan, "")],
        *[(1.0, "1.00"), (3.104, "3.10"), (12.34, "12.3"), (-1234.5, "−1234")],
    ],
)
def test_short_numbers(value, text):
    assert short(value) == text


def test_cells_have_their_text_in_a_colour_that_the_page_does_not_change():
    _, (ax,) = panels(1, 1, 2.0)
    shades = np.array([[0.0, 1.0], [0.5, np.nan]])
    heat_map(ax, shades, [["a", "b"], ["c", "–"]], ["first", "second"], ["x", "y"])
    texts = {text.get_text(): text for text in ax.texts}
    assert texts["b"].get_position() == (1, 0)
    assert not {texts["a"].get_color(), texts["b"].get_color()} & set(PLOT_VARIABLES)
    assert texts["a"].get_color() != texts["b"].get_color()
    assert [tick.get_text() for tick in ax.get_yticklabels()] == ["first", "second"]
    assert np.ma.getmaskarray(ax.collections[0].get_array()).ravel().tolist() == [0, 0, 0, 1]


def test_the_first_row_is_at_the_top():
    _, (ax,) = panels(1, 1, 2.0)
    heat_map(ax, np.zeros((3, 1)), [["a"]] * 3, ["r"] * 3, ["x"])
    assert ax.get_ylim() == (2.5, -0.5)


def test_an_outline_is_around_its_cell():
    _, (ax,) = panels(1, 1, 2.0)
    outline(ax, 2, 5, "#000000", dashed=True)
    (frame,) = ax.patches
    assert frame.get_bbox().contains(5, 2)
    assert frame.get_linestyle() == "--"
