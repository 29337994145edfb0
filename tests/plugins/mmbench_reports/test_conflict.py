from __future__ import annotations

import pandas as pd
import pytest

from mmbench.artifacts import Plot, Table, Text
from mmbench.reporting.comparisons import prepared
from mmbench_reports.arms import arms, focus
from mmbench_reports.conflict import conflicts, course, section

TEXT, IMAGE = "curve_conflict_text: joint | uni:text", "curve_conflict_image: joint | uni:image"
OTHER = "curve_conflict_text: uni:text | align:image->text"


@pytest.fixture
def records(runs) -> pd.DataFrame:
    uni = {"objective": "joint+uni"}
    return pd.concat(
        [
            runs([0.5, 0.6]),
            runs(
                [0.5, 0.6],
                **uni,
                **{TEXT: [[-0.5, None, 0.1], [-0.1, None, None]], OTHER: [[-1.0], [-1.0]]},
            ),
            runs([0.5], weighting="clever", **uni, **{TEXT: [[0.5, None]], IMAGE: [[None, 1.0]]}),
        ],
        ignore_index=True,
    )


def test_shares_by_hand(records):
    table = conflicts(arms(prepared(records))).set_index(["weighting", "encoder", "other"])
    row = table.loc[("sum", "text", "uni:text")]
    assert row["measurements"] == 3
    assert row["below_zero"] == pytest.approx(2 / 3)
    assert row["cosine"] == pytest.approx(-0.5 / 3)
    assert table.loc[("clever", "image", "uni:image"), "below_zero"] == 0
    assert table.loc[("sum", "text", "align:image->text"), "term"] == "uni:text"


def test_the_course_is_of_the_default_weighting_and_the_fused_loss(records):
    table = course(focus(arms(prepared(records))))
    assert table["other"].unique().tolist() == ["uni:text"]
    assert table["epoch"].tolist() == [1, 3]
    assert table["mean"].tolist() == pytest.approx([-0.3, 0.1])
    assert table["low"].tolist() == pytest.approx([-0.5, 0.1])


def test_a_panel_an_encoder_and_a_row_an_encoder_and_weighting(records):
    plot, table = section(records)
    assert isinstance(plot, Plot)
    assert isinstance(table, Table)
    assert [ax.get_title(loc="left") for ax in plot.figure.axes] == ["pairs, encoder of text"]
    assert plot.figure.axes[0].get_ylabel() == "cosine with joint"
    shown = table.shown.set_index(["weighting", "encoder"])
    assert shown.loc[("sum", "text"), "below 0"] == "67%"
    assert shown.loc[("clever", "image"), "mean cosine"] == "+1.000"


def test_no_cosines(make):
    (text,) = section(make(datasets=1).filter(regex="^(?!curve_conflict)"))
    assert isinstance(text, Text)
