from __future__ import annotations

import math

import pytest
import torch

from mmbench import Term
from mmbench_weightings.uncertainty import Uncertainty

TERMS = (Term("joint"), Term("uni:image", 0.5))


def test_it_is_kendalls_sum():
    weighting = Uncertainty(TERMS).double()
    weighting.log_variances.data = torch.tensor([0.4, -1.1], dtype=torch.float64)
    total = weighting({"joint": torch.tensor(2.0), "uni:image": torch.tensor(3.0)})
    expected = 0.5 * (math.exp(-0.4) * 2.0 + 0.4) + 0.5 * (math.exp(1.1) * 0.5 * 3.0 - 1.1)
    assert total.item() == pytest.approx(expected, abs=1e-6)
    assert weighting.weights() == {
        "joint": pytest.approx(0.5 * math.exp(-0.4)),
        "uni:image": pytest.approx(0.5 * math.exp(1.1) * 0.5),
    }


def test_constant_losses_end_with_weights_of_half_their_inverse():
    weighting = Uncertainty(TERMS)
    optimiser = torch.optim.SGD(weighting.parameters(), lr=0.5)
    losses = {"joint": torch.tensor(0.5), "uni:image": torch.tensor(4.0)}
    for _ in range(200):
        optimiser.zero_grad()
        weighting.backward(losses, {})
        optimiser.step()
    expected = {name: pytest.approx(0.5 / loss.item(), rel=1e-3) for name, loss in losses.items()}
    assert weighting.weights() == expected


def test_the_learned_weights_are_in_the_state():
    weighting, other = Uncertainty(TERMS), Uncertainty(TERMS)
    weighting.log_variances.data.fill_(1.5)
    other.load_state_dict(weighting.state_dict())
    assert other.weights() == weighting.weights()
