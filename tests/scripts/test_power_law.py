from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from growth.power_law import fit, in_upper_half

SIZES = 2.0 ** np.arange(9)
EXPONENTS = st.floats(-1, 3)


@given(exponent=EXPONENTS, factor=st.floats(1e-6, 1e6))
def test_a_planted_power_law_is_found(exponent, factor):
    law = fit(SIZES, factor * SIZES**exponent)
    assert law.exponent == pytest.approx(exponent, abs=1e-9)
    assert law.low == pytest.approx(law.high, abs=1e-6)
    assert law.residual < 1e-9


@given(exponent=st.floats(0.5, 3), constant=st.floats(0, 1))
def test_a_constant_below_it_counts_little(exponent, constant):
    """At its middle, where 16 ** exponent is 4 at least, the curve is no less steep than that share allows."""
    law = fit(SIZES, constant + SIZES**exponent)
    steepness = exponent * 16**exponent / (constant + 16**exponent)
    assert steepness - 1e-9 <= law.exponent <= exponent + 1e-9


@given(exponent=EXPONENTS, scale=st.floats(1e-3, 1e3))
def test_units_change_nothing(exponent, scale):
    values = (1 + SIZES) ** exponent
    law, scaled = fit(SIZES, values), fit(SIZES, scale * values)
    assert vars(scaled) == pytest.approx(vars(law), abs=1e-9)


def test_its_interval_covers_the_truth_as_often_as_it_says():
    rng = np.random.default_rng(0)
    laws = [fit(SIZES, SIZES**1.5 * rng.lognormal(0, 0.1, len(SIZES))) for _ in range(1000)]
    covered = np.mean([law.low <= 1.5 <= law.high for law in laws])
    assert covered == pytest.approx(0.95, abs=3 * (0.95 * 0.05 / 1000) ** 0.5)


def test_its_residual_is_that_of_the_worst_point():
    """Around a line without slope a point that is twice as high leaves both others at a third of that."""
    law = fit([1, 2, 4], [1.0, 2.0, 1.0])
    assert law.exponent == pytest.approx(0, abs=1e-12)
    assert law.residual == pytest.approx(2 ** (2 / 3) - 1)


@given(rate=st.floats(0.02, 0.05))
def test_what_is_no_power_law_is_seen(rate):
    assert fit(SIZES, np.exp(rate * SIZES)).residual > 0.25


@pytest.mark.parametrize(
    ("sizes", "upper"),
    [
        ([1, 10, 100, 1000, 10_000], [100, 1000, 10_000]),
        ([1, 2, 3, 4, 6, 8, 12], [4, 6, 8, 12]),
        ([1, 2, 1000], [1, 2, 1000]),
    ],
)
def test_the_upper_half_is_that_of_a_logarithmic_scale_and_three_points_at_least(sizes, upper):
    assert np.asarray(sizes)[in_upper_half(sizes)].tolist() == upper
