from __future__ import annotations

import pandas as pd
import pytest

from mmbench.artifacts import Plot, Table, Text
from mmbench.reporting.comparisons import prepared
from mmbench_reports.arms import arms, focus
from mmbench_reports.trajectories import section, trajectories


@pytest.fixture
def records(runs) -> pd.DataFrame:
    """`clever` moves λ_text from 1 to 3 in one seed and to 5 in another, which trains for longer."""
    return pd.concat(
        [
            runs([0.5, 0.6], **{"curve_weight_joint": [[1.0] * 3] * 2}),
            runs(
                [0.5, 0.6],
                objective="joint+uni",
                weighting="clever",
                **{
                    "curve_weight_joint": [[1.0] * 3, [1.0] * 4],
                    "curve_weight_uni:text": [[1.0, 2.0, 3.0], [1.0, 4.0, 5.0, 9.0]],
                },
            ),
            runs([0.5, 0.6], objective="joint+uni", weighting="mute"),
        ],
        ignore_index=True,
    )


def test_curves_by_hand(records):
    table = trajectories(focus(arms(prepared(records))))
    moving = table[(table["weighting"] == "clever") & (table["term"] == "uni:text")]
    assert moving["epoch"].tolist() == [1, 2, 3]
    assert moving["mean"].tolist() == [1.0, 3.0, 4.0]
    assert moving["low"].tolist() == [1.0, 2.0, 3.0]
    assert moving["high"].tolist() == [1.0, 4.0, 5.0]
    assert table.groupby("weighting")["moves"].any().to_dict() == {"clever": True, "sum": False}


def test_what_never_moves_is_named_and_left_out(records):
    plot, table, still, silent = section(records)
    assert isinstance(plot, Plot)
    assert isinstance(table, Table)
    assert [ax.get_title(loc="left") for ax in plot.figure.axes] == ["clever"]
    (ax,) = plot.figure.axes
    assert ax.get_xlabel() == "epoch"
    assert [line.get_ydata().tolist() for line in ax.lines] == [[1.0] * 3, [1.0, 3.0, 4.0]]
    assert table.shown["at the last epoch"].tolist() == ["joint 1.000, uni:text 4.000"]
    assert isinstance(still, Text)
    assert still.text == "The weights never move under sum."
    assert isinstance(silent, Text)
    assert silent.text == "The records hold no weights of mute."


def test_the_dataset_with_the_most_moving_weightings_is_drawn(make):
    records = make(datasets=2, failures=0)
    fewer = records[(records["dataset"] != "emoji") | (records["weighting"] != "ogm_ge")]
    plot = section(fewer)[0]
    assert isinstance(plot, Plot)
    assert "on mfeat with concat" in plot.caption
    assert len(plot.figure.axes) == 3


def test_no_weights(make):
    (text,) = section(make(datasets=1).filter(regex="^(?!curve_weight)"))
    assert isinstance(text, Text)
