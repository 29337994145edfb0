from __future__ import annotations

import pandas as pd
import pytest

from mmbench.reporting.comparisons import prepared
from mmbench_reports.arms import arms, focus
from mmbench_reports.baselines import baselines, sentences
from mmbench_reports.weightings import compared

JOINT, UNIFORM = [0.50, 0.60, 0.55], [0.55, 0.64, 0.61]


def tables(runs, *others: pd.DataFrame) -> tuple[pd.DataFrame, list[str]]:
    records = pd.concat(
        [
            runs(JOINT),
            runs([0.4, 0.5, 0.3], fusion="alone:text", fusion_role="unimodal"),
            runs([0.5, 0.4, 0.7], fusion="add:again", fusion_role="again"),
            runs(UNIFORM, objective="joint+uni"),
            *others,
        ],
        ignore_index=True,
    )
    comparisons = compared(records)
    table = baselines(records, focus(arms(prepared(records))), comparisons)
    return table, sentences(table, comparisons)


def weighted(runs, name: str, scores: list[float | None]) -> pd.DataFrame:
    return runs(scores, weighting=name, objective="joint+uni")


def test_the_baselines_by_hand(runs, half_width):
    table, _ = tables(runs, weighted(runs, "clever", [0.56, 0.65, 0.62]))
    (row,) = table.to_dict("records")
    differences = [0.05, 0.04, 0.06]
    assert (row["terms"], row["uniform"], row["single"]) == ("joint+uni", "sum", "alone:text 3/3")
    assert row["single_score"] == pytest.approx(0.4)
    assert (row["joint_score"], row["uniform_score"]) == pytest.approx((0.55, 0.6))
    assert row["low"] == pytest.approx(0.05 - half_width(differences))
    assert (row["weightings"], row["better"], row["worse"]) == (1, 1, 0)


def test_what_beats_uniform_is_named_with_its_noise(runs):
    _, (text,) = tables(
        runs,
        weighted(runs, "clever", [0.60, 0.69, 0.65]),
        weighted(runs, "dull", [0.55, 0.64, 0.62]),
    )
    assert "best single modality 0.400 (alone:text 3/3), joint loss alone 0.550, uniform" in text
    assert "weights 0.600 (sum)" in text
    assert "1 of 2 other weightings is shown to beat uniform: clever by +0.047 [" in text
    assert "within the noise floor of 0.144" in text


def test_where_none_beats_uniform_the_nearest_is_named(runs):
    _, (text,) = tables(runs, weighted(runs, "dull", [0.55, 0.60, 0.66]))
    assert "None of 1 other weightings is shown to beat uniform" in text
    assert "that of dull by +0.003 [" in text


@pytest.mark.parametrize(
    ("weighting", "words"),
    [
        ("sum", "uniform weights 0.550 (sum). None of 1"),
        ("dull", "uniform weights not run. No other weighting is compared with uniform"),
    ],
)
def test_baselines_that_were_not_run_are_said(runs, weighting, words):
    scores: list[float | None] = [0.5, 0.6]
    records = pd.concat(
        [weighted(runs, weighting, scores), weighted(runs, "clever", scores)], ignore_index=True
    )
    comparisons = compared(records)
    table = baselines(records, focus(arms(prepared(records))), comparisons)
    (text,) = sentences(table, comparisons)
    assert "best single modality not run, joint loss alone not run" in text
    assert words in text
