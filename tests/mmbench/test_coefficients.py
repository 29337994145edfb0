"""λ and w as arrays."""

from __future__ import annotations

import numpy as np
import pytest

import mmbench
from mmbench.errors import BadParameter
from mmbench.options import read_options


def test_arrays_become_tables_in_the_order_of_the_names():
    w = np.array([[0, 0.1, 0.2], [0.3, 0, 0], [0.5, 0.6, 0]])
    found = mmbench.coefficients(["b", "a", "c"], lambdas=np.array([1, 2, 3]), w=w, joint=0.5)
    assert found["lambdas"] == {"b": 1, "a": 2, "c": 3, "joint": 0.5}
    assert found["ws"] == {
        "b->a": 0.1,
        "b->c": 0.2,
        "a->b": 0.3,
        "a->c": 0,
        "c->b": 0.5,
        "c->a": 0.6,
    }
    options = read_options(None, {"datasets": ("d",), **found})
    assert options.ws["c->a"] == 0.6


def test_what_is_left_out_is_left_to_the_weighting():
    assert mmbench.coefficients(["a", "b"]) == {"lambdas": {}, "ws": {}}


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"lambdas": [1]}, "2 entries in lambdas: a, b. Found 1"),
        ({"lambdas": [1, -1]}, "Found -1.0 for 'b'"),
        ({"lambdas": [1, float("nan")]}, "Found nan for 'b'"),
        ({"w": [[0, 1]]}, "2 rows in w"),
        ({"w": [[0, 1], [1]]}, "2 entries in row 'b' of w"),
        ({"w": [[0, 1], [1, 2]]}, "zeros on the diagonal"),
    ],
)
def test_wrong_arrays_are_refused(given, message):
    with pytest.raises(BadParameter, match=message):
        mmbench.coefficients(["a", "b"], **given)
