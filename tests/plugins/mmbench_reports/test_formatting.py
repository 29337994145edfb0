from __future__ import annotations

import math

import pytest

from mmbench_reports.formatting import (
    change,
    counted,
    first_of,
    interval,
    measured,
    number,
    one_line,
    plus_minus,
    signed,
)

NAN = math.nan


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.91234, "0.912"),
        (-2.5, "−2.500"),
        (-1e-4, "0.000"),
        (123.456, "123.5"),
        (NAN, "–"),
        (math.inf, "–"),
    ],
)
def test_number(value, text):
    assert number(value) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.0214, "+0.021"), (-0.0214, "−0.021"), (0.0001, "0.000"), (-0.0001, "0.000"), (NAN, "–")],
)
def test_signed(value, text):
    assert signed(value) == text


def test_interval():
    assert interval(-0.01, 0.02) == "[−0.010, +0.020]"
    assert interval(NAN, 0.02) == "–"


def test_a_change_without_an_interval_is_the_difference():
    assert change(0.02, 0.01, 0.03) == "+0.020 [+0.010, +0.030]"
    assert change(0.02, NAN, NAN) == "+0.020"


def test_plus_minus_without_an_interval_is_the_mean():
    assert plus_minus(0.9, 0.01) == "0.900 ± 0.010"
    assert plus_minus(0.9, NAN) == "0.900"


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.0203, "0.0203"), (1.5, "1.50"), (12.0, "12.0"), (1234.0, "1,234"), (NAN, "–")],
)
def test_measured(value, text):
    assert measured(value) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (9, "9"),
        (9100, "9100"),
        (41_000, "41.0 k"),
        (310_000, "310 k"),
        (2.4e6, "2.40 M"),
        (7e9, "7.00 G"),
    ],
)
def test_counted(value, text):
    assert counted(value) == text


def test_one_line_is_short():
    assert one_line("a\n  b") == "a b"
    assert one_line("x" * 300, 10) == "x" * 9 + "…"


def test_first_of_says_only_what_is_left_out():
    assert first_of(3, 3, "datasets") == ""
    assert first_of(3, 9, "datasets") == " Shown: the first 3 of 9 datasets."
