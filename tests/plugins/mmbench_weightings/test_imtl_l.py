from __future__ import annotations

import math

import pytest
import torch

from mmbench import Term
from mmbench.errors import NotApplicable
from mmbench_weightings.imtl_l import IMTLL
from mmbench_weightings.uncertainty import Uncertainty

TERMS = (Term("joint"), Term("uni:image", 0.5))
LOSSES = {"joint": torch.tensor(2.0), "uni:image": torch.tensor(3.0)}


def test_it_is_the_papers_sum():
    weighting = IMTLL(TERMS)
    weighting.log_scales.data = torch.tensor([0.3, -0.7])
    expected = math.exp(0.3) * 2.0 - 0.3 + math.exp(-0.7) * 0.5 * 3.0 + 0.7
    assert weighting(LOSSES).item() == pytest.approx(expected, rel=1e-6)
    assert list(weighting.weights().values()) == pytest.approx(
        [math.exp(0.3), 0.5 * math.exp(-0.7)]
    )


def test_constant_losses_end_with_weights_of_their_inverse():
    weighting = IMTLL(TERMS)
    optimiser = torch.optim.SGD(weighting.parameters(), lr=0.2)
    for _ in range(200):
        optimiser.zero_grad()
        weighting.backward(LOSSES, {})
        optimiser.step()
    weighting(LOSSES)
    assert weighting.weights() == {
        name: pytest.approx(1 / loss.item(), rel=1e-3) for name, loss in LOSSES.items()
    }


def test_it_is_twice_uncertainty():
    ours, theirs = IMTLL(TERMS), Uncertainty(TERMS)
    ours.log_scales.data = torch.tensor([0.3, -0.7])
    theirs.log_variances.data = -ours.log_scales.data
    assert ours(LOSSES).item() == pytest.approx(2 * theirs(LOSSES).item(), rel=1e-6)


def test_a_negative_loss_is_refused():
    with pytest.raises(NotApplicable, match="imtl_l"):
        IMTLL(TERMS)({"joint": torch.tensor(-2.0), "uni:image": torch.tensor(3.0)})
