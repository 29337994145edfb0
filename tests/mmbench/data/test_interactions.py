from __future__ import annotations

from dataclasses import astuple
from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import minimize
from scipy.stats import entropy

from mmbench.data.interactions import decompose, information, without_synergy
from mmbench.errors import DataError

BITS = tuple(product((0, 1), repeat=2))
# Cells (x1, x2, y), equally likely, and redundancy, unique 1, unique 2, synergy: Bertschinger 2014, table 1.
GATES = {
    "redundant": ([(a, a, a) for a in (0, 1)], (1, 0, 0, 0)),
    "unique": ([(a, b, a) for a, b in BITS], (0, 1, 0, 0)),
    "copy": ([(a, b, 2 * a + b) for a, b in BITS], (0, 1, 1, 0)),
    "xor": ([(a, b, a ^ b) for a, b in BITS], (0, 0, 0, 1)),
    "and": ([(a, b, a & b) for a, b in BITS], (0.311278, 0, 0, 0.5)),
    "sum": ([(a, b, a + b) for a, b in BITS], (0.5, 0, 0, 1)),
    "redundant and xor": (
        [(2 * c + a, 2 * c + b, 2 * c + (a ^ b)) for a, b in BITS for c in (0, 1)],
        (1, 0, 0, 1),
    ),
}


def table(cells):
    counts = np.zeros(np.max(cells, axis=0) + 1)
    np.add.at(counts, tuple(np.transpose(cells)), 1)
    return counts / counts.sum()


def told(joint):
    """I(X; Y) = H(X) + H(Y) - H(X, Y)."""
    return sum(entropy(joint.sum(axis=axis), base=2) for axis in (0, 1)) - entropy(
        joint.ravel(), base=2
    )


@pytest.mark.parametrize(("cells", "expected"), GATES.values(), ids=GATES)
def test_gates(cells, expected):
    assert astuple(decompose(table(cells))) == pytest.approx(expected, abs=1e-6)


@st.composite
def tables(draw, most=3):
    shape = draw(st.tuples(*[st.integers(1, most)] * 3))
    size = shape[0] * shape[1] * shape[2]
    counts = draw(st.lists(st.integers(0, 4), min_size=size, max_size=size))
    counts = np.array(counts, dtype=float).reshape(shape)
    counts[0, 0, 0] += 1
    return counts / counts.sum()


@settings(max_examples=40, deadline=None)
@given(tables())
def test_parts_are_positive_and_add_up(p):
    redundancy, first, second, synergy = astuple(decompose(p))
    assert min(redundancy, first, second, synergy) >= -1e-6
    assert redundancy + first == pytest.approx(told(p.sum(axis=1)), abs=1e-9)
    assert redundancy + second == pytest.approx(told(p.sum(axis=0)), abs=1e-9)
    both = told(p.reshape(-1, p.shape[2]))
    assert redundancy + first + second + synergy == pytest.approx(both, abs=1e-9)


@settings(max_examples=30, deadline=None)
@given(tables())
def test_swapped_sources_swap_what_is_unique(p):
    one, two = decompose(p), decompose(p.transpose(1, 0, 2))
    expected = (two.redundancy, two.unique_2, two.unique_1, two.synergy)
    assert astuple(one) == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize("seed", range(12))
def test_binary_tables_against_a_search(seed):
    # With two symbols a source, a distribution of the same pairs is p plus t_y · [[1, -1], [-1, 1]].
    p = np.random.default_rng(seed).dirichlet(np.full(8, 0.6)).reshape(2, 2, 2)
    sign = np.array([[1, -1], [-1, 1]])[:, :, None]
    bounds = [(-min(p[0, 0, y], p[1, 1, y]), min(p[0, 1, y], p[1, 0, y])) for y in (0, 1)]

    def both(t):
        return told(np.clip(p + sign * t, 0, None).reshape(4, 2))

    grid = product(*(np.linspace(*bound, 21) for bound in bounds))
    start = min(grid, key=lambda t: both(np.array(t)))
    least = minimize(both, start, bounds=bounds, method="Nelder-Mead", tol=1e-10).fun
    assert decompose(p).synergy == pytest.approx(told(p.reshape(4, 2)) - least, abs=2e-5)


@settings(max_examples=30, deadline=None)
@given(tables(most=4))
def test_scores_bound_every_distribution_of_the_same_pairs(p):
    first, second = p.sum(axis=1), p.sum(axis=0)
    found = without_synergy(first, second)
    likelihoods = np.exp(found.scores_1[:, None] + found.scores_2[None])
    assert likelihoods.sum(axis=2).max() <= 1
    target = first.sum(axis=0)
    apart = first[:, None] * second[None] / np.where(target > 0, target, 1)  # X1 ⊥ X2 | Y
    for other in (p, apart):
        assert found.information <= told(other.reshape(-1, p.shape[2])) * np.log(2) + 1e-9


@settings(max_examples=30, deadline=None)
@given(tables())
def test_information_is_that_of_entropies(p):
    joint = p.sum(axis=0)
    assert information(joint) == pytest.approx(told(joint), abs=1e-12)


def test_a_large_table():
    p = np.random.default_rng(0).dirichlet(np.full(16 * 16 * 8, 0.1)).reshape(16, 16, 8)
    found = decompose(p)
    loose = without_synergy(p.sum(axis=1), p.sum(axis=0), gap=1e-3).information / np.log(2)
    least = found.redundancy + found.unique_1 + found.unique_2
    assert min(astuple(found)) > 0
    assert least - 2e-3 <= loose <= least + 1e-6


@pytest.mark.parametrize(
    "wrong", [np.full((2, 2), 0.25), np.full((2, 2, 2), 0.25), np.array([[[1.5, -0.5]]])]
)
def test_what_is_no_distribution_is_refused(wrong):
    with pytest.raises(DataError, match="probabilities of shape"):
        decompose(wrong)
