from __future__ import annotations

import pandas as pd
import pytest

from mmbench.reporting.comparisons import prepared
from mmbench_reports.arms import arms
from mmbench_reports.learned import learned
from mmbench_reports.slow import sentence, slow

ALONE, JOINT, UNIFORM = [0.80, 0.82, 0.81], [0.60, 0.63, 0.60], [0.70, 0.72, 0.73]


def table(runs, clever: list[float], joint: list[float] = JOINT) -> pd.DataFrame:
    """Of two modalities, the image learns as much jointly as alone."""
    image = {"probe_image": [0.5, 0.5, 0.5]}
    uni = {"objective": "joint+uni"}
    scores: list[float | None] = [0.9, 0.9, 0.9]
    records = pd.concat(
        [
            runs(scores, probe_text=joint, **image),
            runs(scores, fusion="alone:text", fusion_role="unimodal", probe_text=ALONE),
            runs(scores, fusion="alone:image", fusion_role="unimodal", **image),
            runs(scores, probe_text=UNIFORM, **image, **uni),
            runs(scores, probe_text=clever, weighting="clever", **image, **uni),
        ],
        ignore_index=True,
    )
    frame = prepared(records)
    return learned(frame, arms(frame))


def said(found: pd.DataFrame) -> str:
    (row,) = slow(found).to_dict("records")
    return sentence(row, found)


def test_the_slow_modality_is_furthest_behind_its_own_training(runs):
    (row,) = slow(table(runs, UNIFORM)).to_dict("records")
    assert (row["modality"], row["objective"]) == ("text", "joint")
    assert row["minus_alone"] == pytest.approx(-0.2)


@pytest.mark.parametrize(
    ("clever", "words"),
    [
        ([0.78, 0.80, 0.80], "1 of 1 is shown to raise it by more than uniform"),
        ([0.70, 0.73, 0.72], "None of 1 is shown to raise it by more than uniform"),
    ],
)
def test_it_says_whether_uniform_weights_do_as_well(runs, clever, words):
    text = said(table(runs, clever))
    assert "under the joint loss alone the slow encoder is that of text" in text
    assert "is −0.200 [" in text
    assert "Uniform weights (sum, joint+uni) raise it: +0.107" in text
    assert "Of 1 other weightings 1 is shown to raise it: clever +0.1" in text
    assert words in text


def test_what_is_not_shown_is_not_said(runs):
    text = said(table(runs, UNIFORM, joint=[0.9, 0.5, 0.7]))
    assert "no encoder is shown to be slow; the slowest is that of text" in text
    assert "Uniform weights (sum, joint+uni) are not shown to raise it" in text
    assert "Of 1 other weightings none is shown to raise it." in text
