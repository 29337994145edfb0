from __future__ import annotations

import numpy as np
import pytest
import torch
from torchjd.aggregation import ConFIG as WithPseudoInverse

from mmbench import Term
from mmbench_weightings.config import ConFIG


def update_of(rows):
    terms = tuple(Term(f"uni:m{place}") for place in range(len(rows)))
    return ConFIG(terms).combine(torch.tensor(rows @ rows.T)).numpy() @ rows


def drawn(seed, count=4, size=9):
    rng = np.random.default_rng(seed)
    return rng.standard_normal((count, size)) * rng.uniform(0.1, 10, (count, 1))


@pytest.mark.parametrize("seed", range(5))
def test_all_gradients_make_one_positive_cosine_with_it(seed):
    rows = drawn(seed)
    update = update_of(rows)
    length = np.linalg.norm(update)
    cosines = rows @ update / np.linalg.norm(rows, axis=1) / length
    assert cosines == pytest.approx(np.full(4, cosines[0]))
    assert cosines[0] > 0
    assert length == pytest.approx((rows @ update).sum() / length)


@pytest.mark.parametrize("seed", range(5))
def test_the_pseudo_inverse_of_the_unit_gradients_gives_the_same(seed):
    rows = drawn(seed)
    assert update_of(rows) == pytest.approx(WithPseudoInverse()(torch.tensor(rows)).numpy())


def test_opposite_gradients_cancel():
    assert update_of(np.array([[1.0, 0.0], [-3.0, 0.0]])).tolist() == [0.0, 0.0]
