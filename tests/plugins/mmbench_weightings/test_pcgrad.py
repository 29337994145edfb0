from __future__ import annotations

import numpy as np
import pytest
import torch

from mmbench import Term
from mmbench_weightings.pcgrad import PCGrad


def update_of(rows):
    terms = tuple(Term(f"uni:m{place}") for place in range(len(rows)))
    return PCGrad(terms).combine(torch.tensor(rows @ rows.T)).numpy() @ rows


def test_two_conflicting_gradients_lose_their_part_along_each_other():
    a, b = np.array([1.0, 0.0]), np.array([-1.0, 1.0])
    assert update_of(np.stack([a, b])) == pytest.approx([0.5, 0.5 + 1.0])


def test_gradients_that_agree_are_summed():
    rows = np.array([[1.0, 0.0, 1.0], [0.0, 1.0, 1.0]])
    assert update_of(rows) == pytest.approx(rows.sum(axis=0))


@pytest.mark.parametrize("seed", range(5))
def test_it_is_the_papers_loop_over_vectors(seed):
    rows = np.random.default_rng(seed).standard_normal((4, 3))
    torch.manual_seed(seed)
    expected = np.zeros(3)
    for i, row in enumerate(rows):
        projected = row.copy()
        for j in torch.randperm(4).tolist():
            if j != i and projected @ rows[j] < 0:
                projected -= projected @ rows[j] / (rows[j] @ rows[j]) * rows[j]
        expected += projected
    torch.manual_seed(seed)
    assert update_of(rows) == pytest.approx(expected)
