from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from mmbench.reporting.comparisons import prepared
from mmbench_reports.paired import against_baseline, found, intervals


def test_intervals_by_hand(half_width):
    values = [0.3, 0.3, 0.4]
    rows = pd.DataFrame({"dataset": "d", "arm": "a", "seed": range(3), "value": values})
    row = intervals(rows, ["dataset", "arm"], "value", pd.Series({"d": 1 / 3})).iloc[0]
    assert row["value"] == pytest.approx(1 / 3)
    assert row["low"] == pytest.approx(1 / 3 - half_width(values))
    assert row["high"] == pytest.approx(1 / 3 + half_width(values))
    assert row["seeds"] == 3


def test_a_combination_without_a_value_stays():
    rows = pd.DataFrame({"dataset": ["d", "e"], "seed": 0, "value": [np.nan, 1.0]})
    table = intervals(rows, ["dataset"], "value", pd.Series({"d": 0.1, "e": 0.1}))
    assert table["seeds"].tolist() == [0, 1]
    assert table["low"].isna().all()


def test_words():
    low, high = (
        pd.Series([0.1, -0.2, -0.1, np.nan, np.nan]),
        pd.Series([0.2, -0.1, 0.1, np.nan, np.nan]),
    )
    assert found(low, high, pd.Series([3, 3, 3, 1, 0])) == [
        *("better", "worse", "no difference shown", "one seed, no interval", "–")
    ]


def test_the_baseline_counts_only_in_seeds_that_the_method_finished(runs):
    rows = prepared(runs([0.5, None, 0.9])).assign(baseline_score=[0.4, 0.0, 0.6])
    row = against_baseline(rows, ["dataset", "fusion"], rows).iloc[0]
    assert row["baseline_score"] == pytest.approx(0.5)
    assert row["difference"] == pytest.approx(0.2)
    assert (row["seeds"], row["failed"]) == (2, 1)


def test_errors_are_turned(runs):
    rows = prepared(runs([3.0], greater_is_better=False)).assign(baseline_score=4.0)
    assert against_baseline(rows, ["dataset", "fusion"], rows)["difference"].tolist() == [1.0]
