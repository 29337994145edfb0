from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mmbench.reporting.style import INK
from mmbench_reports.figures import panels
from mmbench_reports.terms import (
    by_epoch,
    columns,
    curves,
    draw,
    has_epochs,
    in_order,
    legend,
    padded,
    styles,
)

CURVES = st.lists(st.lists(st.none() | st.floats(-9, 9), min_size=1, max_size=6), max_size=6)


@given(CURVES)
def test_padded_holds_every_value_where_it_was(lists):
    table = padded(lists)
    assert table.shape == (len(lists), max(map(len, lists), default=0))
    for row, values in zip(table, lists, strict=True):
        expected = [np.nan if value is None else value for value in values]
        assert np.array_equal(row[: len(values)], expected, equal_nan=True)
        assert np.isnan(row[len(values) :]).all()


def test_columns_are_named_by_what_follows_the_prefix():
    assert columns(pd.DataFrame(columns=["a", "c_x:y", "c_z"]), "c_") == {
        "x:y": "c_x:y",
        "z": "c_z",
    }


@pytest.mark.parametrize("value", [None, np.nan, [], "text", 3.0])
def test_what_is_no_curve(value):
    assert not has_epochs(value)


def test_by_epoch_has_a_row_a_value():
    rows = pd.DataFrame({"seed": [4, 5, 6], "c": [[1.0, None, 3.0], [2.0], None]})
    long = by_epoch(rows, "c", ["seed"]).sort_values(["seed", "epoch"])
    assert long.to_numpy().tolist() == [[4, 1, 1.0], [4, 3, 3.0], [5, 1, 2.0]]
    assert curves(rows, "c", ["seed"])["seed"].tolist() == [4, 5]


def test_the_fused_loss_comes_first():
    terms = ["aux:z", "align:a->b", "uni:b", "joint", "uni:a"]
    assert in_order(terms) == ["joint", "uni:a", "uni:b", "align:a->b", "aux:z"]


def test_a_modality_has_one_colour_and_a_pair_a_line_of_its_own():
    pairs = [f"align:{i}->{j}" for i in "abc" for j in "abc" if i != j]
    found = styles(["joint", "uni:a", "uni:b", "uni:c", *pairs])
    assert found["joint"].colour == INK
    assert found["uni:a"].colour == found["align:a->b"].colour != found["uni:b"].colour
    assert len({str(style) for style in found.values()}) == len(found)


def test_a_line_and_its_legend():
    figure, (ax,) = panels(1, 1, 2.0)
    curve = pd.DataFrame({"epoch": [1, 2], "mean": [0.1, 0.2], "low": [0.0, 0.1], "high": 0.3})
    lines = styles(["joint", "uni:$a"])
    draw(ax, curve, lines["joint"])
    legend(figure, lines)
    assert ax.lines[0].get_ydata().tolist() == [0.1, 0.2]
    assert [text.get_text() for text in figure.legends[0].get_texts()] == ["joint", r"uni:\$a"]
