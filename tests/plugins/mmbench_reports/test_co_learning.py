from __future__ import annotations

import pandas as pd
import pytest

from mmbench.artifacts import Plot, Table, Text
from mmbench.reporting.comparisons import prepared
from mmbench_reports.arms import arms, focus
from mmbench_reports.co_learning import helped, section, taught

ALONE, ONLY, HEAD = [0.60, 0.61, 0.60], [0.40, 0.41, 0.43], [0.70, 0.72, 0.71]


@pytest.fixture
def records(runs) -> pd.DataFrame:
    """`text` alone, by its head better for joint training, with only it present worse."""
    align = {"objective": "joint+uni+align", "alignment": "mmd"}
    curves = {
        "curve_weight_align:image->text": [[1.0, 0.2]] * 3,
        "curve_weight_align:text->image": [[1.0, 0.8], [1.0, 1.0], [1.0, 0.6]],
    }
    scores: list[float | None] = [0.9, 0.9, 0.9]
    return pd.concat(
        [
            runs(scores, only_text=ONLY),
            runs(ALONE, fusion="alone:text", fusion_role="unimodal"),
            runs(scores, only_text=ONLY, head_text=HEAD, **align),
            runs(scores, only_text=ONLY, head_text=HEAD, weighting="clever", **align, **curves),
        ],
        ignore_index=True,
    )


def test_differences_by_hand(records, half_width):
    frame = prepared(records)
    table = helped(frame, arms(frame)).set_index(["objective", "weighting"])
    row = table.loc[("joint+uni+align", "clever")]
    differences = [0.10, 0.11, 0.11]
    assert row["alone"] == pytest.approx(0.6033333)
    assert row["head_minus"] == pytest.approx(sum(differences) / 3)
    assert row["head_low"] == pytest.approx(sum(differences) / 3 - half_width(differences))
    assert (row["head_found"], row["only_found"]) == ("better", "worse")
    assert table.loc[("joint", "sum"), "head_seeds"] == 0


def test_the_weights_at_the_end(records):
    table = taught(focus(arms(prepared(records)))).set_index(["first", "second"])
    assert table["weight"].to_dict() == pytest.approx(
        {("image", "text"): 0.2, ("text", "image"): 0.8}
    )


def test_the_section_counts_and_shows_both(records):
    text, table, plot = section(records)
    assert isinstance(text, Text)
    assert "0 of 3 score above the same modality trained alone and 3 below it" in text.text
    assert "own head, 2 of 2 score above" in text.text
    assert isinstance(table, Table)
    assert table.shown["own head"].tolist() == ["–", "0.710", "0.710"]
    assert isinstance(plot, Plot)
    (ax,) = plot.figure.axes
    assert {cell.get_position(): cell.get_text() for cell in ax.texts} == {
        **{(0, 0): "", (1, 0): ".200", (0, 1): ".800", (1, 1): ""}
    }
    assert ax.get_title(loc="left") == "pairs: clever, mmd"


def test_without_modalities_alone_it_says_what_to_run(records):
    (text,) = section(records[records["fusion_role"] != "unimodal"])
    assert isinstance(text, Text)
    assert "--controls" in text.text
