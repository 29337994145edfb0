from __future__ import annotations

import itertools

from hypothesis import given
from hypothesis import strategies as st

from mmbench.seeding import derive

SEEDS = st.integers(0, 2**63 - 1)


def test_a_derived_seed_is_the_same_on_every_machine():
    assert derive(0, "test") == 6343639018140002960


@given(SEEDS, st.text())
def test_seeds_are_in_the_range_that_torch_and_numpy_take(seed, purpose):
    assert 0 <= derive(seed, purpose) < 2**63


def test_seeds_and_purposes_do_not_collide():
    purposes = [(), ("order",), ("init", "head"), ("init", "head left"), ("trial", "1", "lr")]
    found = [derive(seed, *purpose) for seed, purpose in itertools.product(range(50), purposes)]
    assert len(set(found)) == len(found)
