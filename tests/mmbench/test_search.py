from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mmbench.errors import BadParameter
from mmbench.registry import Registry
from mmbench.search import OPTIMISER, Choice, Float, Int, Space, search_spaces

SEEDS = st.integers(0, 2**32 - 1)


def rng(seed: int) -> np.random.Generator:
    return np.random.default_rng(seed)


@given(SEEDS, st.floats(1e-6, 1.0), st.floats(1.0, 1e6), st.booleans())
def test_a_real_number_is_drawn_from_its_range(
    seed: int, low: float, high: float, log: bool
) -> None:
    drawn = Float(low, high, log).draw(rng(seed))
    assert type(drawn) is float
    assert low * (1 - 1e-9) <= drawn <= high * (1 + 1e-9)


@given(SEEDS, st.integers(1, 50), st.integers(0, 50), st.booleans())
def test_a_whole_number_is_drawn_from_its_range(seed: int, low: int, span: int, log: bool) -> None:
    drawn = Int(low, low + span, log).draw(rng(seed))
    assert type(drawn) is int
    assert low <= drawn <= low + span


@pytest.mark.parametrize("space", [Float(0, 1), Float(0.1, 1, log=True), Int(1, 99), Choice("ab")])
def test_a_draw_is_a_function_of_the_generator(space: Space) -> None:
    assert [space.draw(rng(3)) for _ in range(4)] == [space.draw(rng(3))] * 4


def test_both_ends_of_a_whole_number_and_all_options_are_drawn() -> None:
    generator = rng(0)
    assert {Int(2, 4).draw(generator) for _ in range(100)} == {2, 3, 4}
    assert {Choice((None, "x", 3)).draw(generator) for _ in range(100)} == {None, "x", 3}


def test_a_log_draw_spends_as_much_on_each_decade() -> None:
    generator = rng(0)
    draws = [Float(1e-4, 1e0, log=True).draw(generator) for _ in range(4000)]
    decades = np.bincount([min(int(math.log10(value) + 4), 3) for value in draws], minlength=4)
    assert (abs(decades - 1000) < 120).all()


@pytest.mark.parametrize(
    ("space", "value", "message"),
    [
        (Float(0, 1), "a", "expected a number, found 'a'"),
        (Float(0, 1), True, "expected a number, found True"),
        (Float(0, 1), math.nan, "expected a number, found nan"),
        (Float(0, 1), math.inf, "expected a number, found inf"),
        (Float(0, 1), None, "expected a number, found None"),
        (Int(0, 1), 0.5, "expected a whole number, found 0.5"),
        (Int(0, 1), False, "expected a whole number, found False"),
        (Choice((1, "b")), "c", "expected one of 1, b, found 'c'"),
    ],
)
def test_a_value_of_the_wrong_type_is_refused(space: Space, value: Any, message: str) -> None:
    with pytest.raises(BadParameter) as error:
        space.check(value)
    assert str(error.value) == message


@pytest.mark.parametrize(
    ("space", "value", "checked"),
    [(Float(0, 1), 3, 3.0), (Int(0, 1), 7, 7), (Choice(("a", None)), None, None)],
)
def test_a_user_may_leave_the_range_on_purpose(space: Space, value: Any, checked: Any) -> None:
    assert space.check(value) == checked
    assert type(space.check(value)) is type(checked)


def test_a_job_searches_the_optimiser_its_fusion_and_its_weighting(registry: Registry) -> None:
    assert search_spaces(registry, "extra", "learned") == {
        **OPTIMISER,
        "fusion.mode": Choice(("a", "b")),
        "weighting.rate": Float(0.0, 1.0),
    }
    assert search_spaces(registry, "prior", "plain") == OPTIMISER
