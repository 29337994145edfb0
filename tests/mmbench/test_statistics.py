from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy import stats

from mmbench.statistics import average_ranks, mean_interval, noise_floor, paired_difference

FINITE = st.floats(-100, 100)


def test_interval_without_overlap_is_students():
    values = np.array([0.71, 0.74, 0.69, 0.75, 0.70])
    expected = stats.t.interval(0.95, df=4, loc=values.mean(), scale=stats.sem(values))
    found = mean_interval(values)
    assert (found.low, found.high) == pytest.approx(expected)


def test_interval_with_overlap_by_hand():
    # mean 2, variance 1, factor 1/3 + 1/3; the 97.5 % point of Student's t with 2 degrees is 4.3027
    found = mean_interval([1.0, 2.0, 3.0], overlap=1 / 3)
    assert found.mean == 2.0
    assert found.half_width == pytest.approx(4.302652729911275 * np.sqrt(2 / 3))
    assert found.n == 3


def test_one_value_has_no_interval():
    found = mean_interval([[0.9, np.nan], [np.nan, np.nan]])
    assert found.mean[0] == 0.9
    assert np.isnan(found.mean[1])
    assert np.isnan(found.low).all()
    assert np.isnan(found.high).all()
    assert found.n.tolist() == [1, 0]


def test_unknown_overlap_has_no_interval():
    found = mean_interval([[1.0, 2.0], [1.0, 2.0]], overlap=[0.5, np.nan])
    assert np.isfinite(found.low[0])
    assert np.isnan(found.low[1])


def test_missing_repetitions_are_left_out():
    with_gap = mean_interval([1.0, np.nan, 2.0, 4.0], overlap=0.2)
    without = mean_interval([1.0, 2.0, 4.0], overlap=0.2)
    assert (with_gap.low, with_gap.high) == (without.low, without.high)


def test_no_repetitions_at_all():
    found = mean_interval(np.empty((3, 0)))
    assert np.isnan(found.mean).all()
    assert found.n.tolist() == [0, 0, 0]


@pytest.mark.parametrize(("n_test", "n_train"), [(25, 75), (1, 1)])
def test_corrected_interval_covers_where_the_plain_one_does_not(n_test, n_train):
    # Scores on overlapping splits correlate by about n_test / (n_test + n_train).
    rng = np.random.default_rng(0)
    correlation = n_test / (n_test + n_train)
    common = rng.normal(size=(20_000, 1)) * np.sqrt(correlation)
    values = 3.0 + common + rng.normal(size=(20_000, 5)) * np.sqrt(1 - correlation)
    corrected = mean_interval(values, overlap=n_test / n_train)
    plain = mean_interval(values)
    covered = ((corrected.low <= 3) & (corrected.high >= 3)).mean()
    assert covered == pytest.approx(0.95, abs=0.006)
    assert ((plain.low <= 3) & (plain.high >= 3)).mean() < 0.87


def test_confidence_is_the_coverage_for_independent_values():
    values = np.random.default_rng(1).normal(size=(20_000, 4))
    found = mean_interval(values, confidence=0.8)
    assert ((found.low <= 0) & (found.high >= 0)).mean() == pytest.approx(0.8, abs=0.01)


@given(arrays(np.float64, (4, 6), elements=FINITE), st.floats(0, 2), FINITE, st.floats(0.1, 10))
def test_interval_follows_a_change_of_unit(values, overlap, shift, scale):
    plain = mean_interval(values, overlap)
    moved = mean_interval(scale * values + shift, overlap)
    assert np.allclose(moved.low, scale * plain.low + shift, atol=1e-6)
    assert np.allclose(moved.high, scale * plain.high + shift, atol=1e-6)


@given(arrays(np.float64, (2, 5), elements=FINITE), st.floats(0, 2))
def test_swapping_the_arms_mirrors_the_difference(values, overlap):
    forth = paired_difference(values[0], values[1], overlap)
    back = paired_difference(values[1], values[0], overlap)
    assert np.allclose((forth.mean, forth.low, forth.high), (-back.mean, -back.high, -back.low))


def test_pairing_removes_what_the_arms_share():
    seeds = np.array([0.0, 10.0, -7.0, 3.0])
    found = paired_difference(seeds + 1.0, seeds)
    assert found.low == pytest.approx(1.0)
    assert found.high == pytest.approx(1.0)


def test_pairing_counts_repetitions_that_both_have():
    found = paired_difference([1.0, 2.0, np.nan, 4.0], [0.0, np.nan, 1.0, 2.0])
    assert found.n == 2
    assert found.mean == 1.5


def test_noise_floor_by_hand():
    first = [[0.5, 0.6, 0.7], [np.nan, 0.1, 0.2]]
    second = [[0.5, 0.3, 0.3], [0.9, np.nan, np.nan]]
    floor = noise_floor(first, second)
    assert floor[0] == pytest.approx(np.sqrt((0 + 0.09 + 0.16) / 3))
    assert np.isnan(floor[1])


def test_noise_floor_estimates_the_spread_of_a_difference():
    rng = np.random.default_rng(2)
    first, second = rng.normal(0, 0.01, (2, 10_000))
    assert noise_floor(first, second) == pytest.approx(0.01 * np.sqrt(2), rel=0.03)


def test_average_ranks_by_hand():
    scores = [
        [0.9, 0.5, 0.7],
        [0.9, 0.6, np.nan],
        [0.1, 0.7, -np.inf],
    ]
    assert average_ranks(scores).tolist() == pytest.approx(
        [(1.5 + 3 + 1) / 3, (1.5 + 2) / 2, (3 + 1 + 2) / 3]
    )


def test_average_ranks_of_errors_count_from_the_lowest():
    assert average_ranks([[3.0], [1.0], [2.0]], greater_is_better=False).tolist() == [3, 1, 2]


def test_a_method_without_datasets_has_no_rank():
    assert np.isnan(average_ranks([[np.nan, np.nan], [1.0, 2.0]])[0])


@given(arrays(np.float64, (5, 3), elements=st.sampled_from([0.0, 0.5, 1.0])))
def test_ranks_with_ties_keep_their_sum(scores):
    assert average_ranks(scores).sum() == pytest.approx(5 * 6 / 2)
