from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from mmbench.artifacts import Text
from mmbench_reports.latency import costs, pareto_front, section

POINTS = st.lists(st.tuples(st.integers(0, 6), st.integers(0, 6)), min_size=1, max_size=12)


def test_front_by_hand():
    cost, quality = [1, 2, 3, 4, 2], [0.5, 0.4, 0.9, 0.9, 0.6]
    assert pareto_front(cost, quality).tolist() == [True, False, True, False, True]


@given(POINTS)
def test_front_is_what_nothing_beats(points):
    cost, quality = np.array(points).T
    front = pareto_front(cost, quality)
    for i, (c, q) in enumerate(points):
        beaten = any((d <= c and r > q) or (d < c and r >= q) for d, r in points)
        twin_before = any(points[j] == (c, q) for j in range(i))
        assert front[i] == (not beaten and not twin_before)


def test_costs_are_medians_and_fronts_are_by_dataset(make):
    frame = make(datasets=2, failures=0, weightings=False)
    table = costs(frame)
    of_concat = frame[(frame["dataset"] == "mfeat") & (frame["fusion"] == "concat")]
    row = table[(table["dataset"] == "mfeat") & (table["fusion"] == "concat")].iloc[0]
    assert row["latency_ms"] == of_concat["latency_b1_median_ms"].median()
    assert row["score"] == of_concat["score"].mean()
    for _, group in table.groupby("dataset"):
        front = group[group["front"]]
        assert front["score"].is_monotonic_increasing
        assert front["score"].max() == group["score"].max()


def test_an_error_front_falls(make):
    frame = make(datasets=5, failures=0)
    front = costs(frame).query("dataset == 'autompg' and front")
    assert len(front) > 1
    assert front["score"].is_monotonic_decreasing


def test_too_few_timings_support_no_percentile(make):
    assert costs(make(datasets=1))["p90_ms"].notna().all()
    assert costs(make(datasets=1).assign(latency_b1_samples=10))["p90_ms"].isna().all()


def test_controls_without_input_take_no_part(make):
    assert not set(costs(make(datasets=1))["role"]) & {"prior", "shuffled", "again"}


def test_the_page_has_the_fronts_and_the_file_all(make):
    _, table = section(make(datasets=1))
    assert len(table.shown) == table.frame["front"].sum() < len(table.frame)


def test_without_latencies_it_says_so(make):
    (text,) = section(make(datasets=1).drop(columns="latency_b1_median_ms"))
    assert isinstance(text, Text)
    assert "latency" in text.text
