from __future__ import annotations

import numpy as np
import pytest
import torch
from torchjd.aggregation import FairGradWeighting

from mmbench import Term
from mmbench.errors import BadParameter
from mmbench_weightings.fairgrad import FairGrad
from mmbench_weightings.nash_mtl import NashMTL

TERMS = (Term("joint"), Term("uni:image"), Term("uni:text"))


def drawn(seed):
    rows = np.random.default_rng(seed).standard_normal((3, 20)) * [[1.0], [3.0], [0.2]]
    return torch.tensor(rows @ rows.T)


@pytest.mark.parametrize("alpha", [0.5, 1.0, 2.0])
@pytest.mark.parametrize("seed", range(3))
def test_it_agrees_with_least_squares(seed, alpha):
    found = FairGrad(TERMS, alpha=alpha).combine(drawn(seed))
    assert found.numpy() == pytest.approx(FairGradWeighting(alpha)(drawn(seed)).numpy(), rel=1e-5)


def test_at_one_it_is_the_bargain_and_above_it_gains_are_more_even():
    gramian = drawn(0)
    assert torch.equal(FairGrad(TERMS).combine(gramian), NashMTL(TERMS).combine(gramian))
    spreads = []
    for alpha in (0.5, 1.0, 4.0):
        gains = gramian @ FairGrad(TERMS, alpha=alpha).combine(gramian)
        spreads.append((gains.max() / gains.min()).item())
    assert spreads == sorted(spreads, reverse=True)


def test_alpha_must_be_positive():
    with pytest.raises(BadParameter, match="alpha above 0"):
        FairGrad(TERMS, alpha=0.0)
