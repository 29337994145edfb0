from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from mmbench.artifacts import Table, Text
from mmbench_reports.paired import BETTER, NO_DIFFERENCE, WORSE
from mmbench_reports.weightings import compared, section

JOINT = [0.50, 0.60, 0.55]


def runs(objective: str, weighting: str, scores: list[float | None], **columns) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "dataset": "pairs",
            "fusion": "add",
            "fusion_role": "default",
            "objective": objective,
            "weighting": weighting,
            "weighting_role": "default" if weighting == "sum" else "",
            "seed": range(len(scores)),
            "status": ["failed" if score is None else "ok" for score in scores],
            "greater_is_better": True,
            "score": scores,
            "n_train": 300,
            "n_test": 100,
        }
        | columns
    ).astype({"score": float})


def comparison(*frames: pd.DataFrame) -> pd.DataFrame:
    main = runs("joint", "sum", JOINT)
    single = runs("joint", "sum", JOINT, fusion="alone:text", fusion_role="unimodal")
    table = compared(pd.concat([main, single, *frames], ignore_index=True))
    return table.set_index(["objective", "weighting"])


def test_a_weighting_is_compared_with_the_default_one_of_its_objective():
    uniform = runs("joint+uni", "sum", [0.60, 0.70, 0.65])
    clever = runs("joint+uni", "clever", [0.65, 0.76, 0.69])
    row = comparison(uniform, clever).loc[("joint+uni", "clever")]
    differences = np.array([0.05, 0.06, 0.04])
    half = 4.302652729911275 * differences.std(ddof=1) * np.sqrt(2 / 3)
    assert row["against"] == "joint+uni, sum"
    assert row["difference"] == pytest.approx(0.05)
    assert row["low"] == pytest.approx(0.05 - half)
    assert row["baseline_score"] == pytest.approx(0.65)


def test_the_default_weighting_with_more_terms_is_compared_with_the_main_objective():
    row = comparison(runs("joint+uni", "sum", [0.60, 0.70, 0.65])).loc[("joint+uni", "sum")]
    assert row["against"] == "joint, sum"
    assert row["difference"] == pytest.approx(0.1)


def test_without_the_default_weighting_the_main_objective_is_the_baseline():
    row = comparison(runs("joint+uni", "clever", [0.4, 0.5, 0.46])).loc[("joint+uni", "clever")]
    assert row["against"] == "joint, sum"
    assert row["found"] == WORSE


def test_a_table_of_coefficients_has_the_plain_default_as_baseline():
    fixed = runs("joint+uni", "fixed", [0.9, 0.9, 0.9], lambdas="text=2")
    row = comparison(runs("joint+uni", "sum", JOINT), fixed).loc[("joint+uni", "fixed")]
    assert row["against"] == "joint+uni, sum"


@pytest.mark.parametrize(
    ("scores", "word"),
    [
        ([0.60, 0.71, 0.65], BETTER),
        ([0.40, 0.49, 0.45], WORSE),
        ([0.60, 0.55, 0.50], NO_DIFFERENCE),
        ([0.60, None, None], "one seed, no interval"),
        ([None, None, None], "–"),
    ],
)
def test_words(scores, word):
    row = comparison(runs("joint+uni", "clever", scores)).loc[("joint+uni", "clever")]
    assert row["found"] == word
    assert row["failed"] == scores.count(None)


def test_errors_are_turned():
    frames = [
        runs(objective, weighting, scores, greater_is_better=False)
        for objective, weighting, scores in (
            ("joint", "sum", [3.0, 3.0]),
            ("joint+uni", "sum", [2.0, 2.0]),
        )
    ]
    table = compared(pd.concat(frames))
    assert table["difference"].tolist() == [1.0]


def test_within_the_noise_floor():
    again = runs("joint", "sum", [0.7, 0.4, 0.75], fusion="add:again", fusion_role="again")
    row = comparison(runs("joint+uni", "sum", [0.51, 0.62, 0.56]), again).iloc[0]
    assert row["noise_floor"] == pytest.approx(0.2)
    assert row["within_noise"]


def test_the_summary_counts_comparisons(make):
    *_, text, _, summary, details = section(make(datasets=2, failures=0))
    assert isinstance(text, Text)
    assert text.text.startswith(f"Of {len(details.frame)} comparisons")
    counts = summary.frame[["better", "no_difference", "worse"]].sum(axis=1)
    assert counts.tolist() == summary.frame["comparisons"].tolist()
    assert summary.frame["comparisons"].sum() == len(details.frame) == 2 * 2 * 4


def test_the_baselines_and_the_limits_come_first(make):
    said, seeds, trials, table, *_ = section(make(datasets=1, failures=0))
    assert isinstance(said, Text)
    assert said.text.startswith("mfeat, concat, joint+uni: best single modality 0.9")
    assert isinstance(seeds, Text)
    assert "fewer than 5 seeds" in seeds.text
    assert isinstance(trials, Text)
    assert "one trial a job" in trials.text
    assert isinstance(table, Table)
    assert table.shown["weightings"].tolist() == [3]


def test_other_budgets_take_no_part():
    full = runs("joint+uni", "sum", [0.9, 0.9, 0.9], budget="full")
    assert len(comparison(full)) == 0


def test_one_weighting(make):
    (text,) = section(make(datasets=1, weightings=False))
    assert "nothing to compare" in text.text
