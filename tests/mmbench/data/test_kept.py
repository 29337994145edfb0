"""Results that are kept."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mmbench.data.kept import Kept


def counted(**limits):
    made = []

    def make(size):
        made.append(size)
        return [size]

    return Kept(make, lambda result: result[0], **limits), made


def test_a_result_is_made_once():
    kept, made = counted(count=3, limit=100)
    assert kept(5) is kept(5)
    assert made == [5]
    assert kept.misses == 1
    kept.clear()
    assert kept(5) == [5]
    assert made == [5, 5]


def test_what_was_used_longest_ago_goes_first():
    kept, made = counted(count=2, limit=100)
    for size in (1, 2, 1, 3, 1, 2):
        kept(size)
    assert made == [1, 2, 3, 2]


def test_a_result_larger_than_the_limit_is_kept_alone():
    kept, made = counted(count=9, limit=10)
    for size in (4, 50, 50, 4):
        kept(size)
    assert made == [4, 50, 4]


def test_an_error_is_not_kept():
    kept = Kept(lambda number: 1 // number, lambda result: 1, count=2, limit=9)
    for _ in range(2):
        with pytest.raises(ZeroDivisionError):
            kept(0)
    assert kept.misses == 2


@given(st.lists(st.integers(1, 9), max_size=40), st.integers(1, 4), st.integers(1, 20))
def test_the_limits_hold_and_results_are_right(sizes, count, limit):
    kept, _ = counted(count=count, limit=limit)
    for size in sizes:
        assert kept(size) == [size]
        held = [result[0] for result in kept._results.values()]
        assert len(held) <= count
        assert sum(held) <= limit or len(held) == 1
