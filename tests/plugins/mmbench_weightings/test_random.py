from __future__ import annotations

import torch
from scipy import stats

from mmbench import Term
from mmbench_weightings.random import Random

TERMS = (Term("joint"), Term("uni:image"), Term("uni:text"))
LOSSES = {term.name: torch.tensor(1.0, dtype=torch.float64) for term in TERMS}


def draws(count):
    weighting = Random(TERMS)
    found = []
    for _ in range(count):
        weighting(LOSSES)
        found.append(list(weighting.weights().values()))
    return torch.tensor(found, dtype=torch.float64)


def test_factors_are_the_softmax_of_normal_numbers():
    torch.manual_seed(0)
    found = draws(2000)
    assert torch.allclose(found.sum(dim=1), torch.ones(2000, dtype=torch.float64))
    # log a_i − log a_j = z_i − z_j ~ N(0, 2), and the sum of z is free.
    for i, j in ((0, 1), (1, 2), (0, 2)):
        difference = (found[:, i].log() - found[:, j].log()).numpy()
        assert stats.kstest(difference, stats.norm(scale=2**0.5).cdf).pvalue > 0.01


def test_the_seed_decides():
    torch.manual_seed(3)
    first = draws(2)
    torch.manual_seed(3)
    assert torch.equal(draws(2), first)
    assert not torch.equal(first[0], first[1])
