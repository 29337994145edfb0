from __future__ import annotations

import math

import pytest
import torch
from torch import nn

from mmbench import Term
from mmbench.errors import BadParameter, NonFiniteError, NotApplicable
from mmbench_weightings.gradnorm import GradNorm, targets

TERMS = (Term("joint"), Term("uni:image"), Term("uni:text", 0.0))
ROWS = torch.tensor([[3.0, 4.0], [0.0, 1.0]], dtype=torch.float64)


def step(weighting, values, rows=ROWS):
    shared, head = (nn.Parameter(torch.zeros(n, dtype=torch.float64)) for n in (2, 1))
    losses = {
        term.name: row @ shared + value
        for term, row, value in zip(TERMS, rows, values, strict=False)
    }
    losses["uni:image"] = losses["uni:image"] + 7 * head.sum()
    weighting.backward(losses, {"encoder:image": [shared], "head:image": [head]})
    return shared.grad, head.grad


def test_targets_at_the_papers_alpha():
    # Ratios 0.4 and 0.8 are 2/3 and 4/3 of their mean, norms 5 and 1 average 3.
    wanted = targets(torch.tensor([5.0, 1.0]), torch.tensor([0.4, 0.8]), 1.5)
    assert wanted.tolist() == pytest.approx([3 * (2 / 3) ** 1.5, 3 * (4 / 3) ** 1.5])


def test_a_step_by_hand():
    weighting = GradNorm(TERMS, rate=0.1)
    shared, head = step(weighting, (2.0, 0.5))
    # Both losses are at their start: r = 1, Ḡ = 3; the first is too long by 2, the second too short by 2.
    raw = [math.exp(-0.1 * 5 / 3), math.exp(0.1 * 1 / 3)]
    w = [2 * value / sum(raw) for value in raw]
    assert weighting.weights() == pytest.approx({"joint": w[0], "uni:image": w[1], "uni:text": 0.0})
    assert shared.tolist() == pytest.approx([3 * w[0], 4 * w[0] + w[1]])
    assert head.tolist() == pytest.approx([7 * w[1]])


def test_it_settles_where_gradients_have_their_targets():
    weighting = GradNorm(TERMS, alpha=1.0, rate=0.02)
    step(weighting, (1.0, 1.0))
    for _ in range(300):
        step(weighting, (0.4, 0.8))
    first, second = weighting.balance.tolist()
    # G_1/G_2 = r_1/r_2 = 0.4/0.8, with norms of 5 and 1; other α ask for targets that add up to more.
    assert 5 * first / second == pytest.approx(0.5, rel=0.05)
    assert first + second == pytest.approx(2)


def test_a_term_without_a_gradient_in_the_batch_keeps_its_weight():
    weighting = GradNorm(TERMS)
    step(weighting, (2.0, 0.5))
    before = weighting.balance.tolist()
    step(weighting, (2.0, 0.0), ROWS * torch.tensor([[1.0], [0.0]]))
    assert weighting.balance.tolist() == before


def test_weights_and_first_losses_are_in_the_state():
    whole, resumed = GradNorm(TERMS), GradNorm(TERMS)
    step(whole, (2.0, 0.5))
    resumed.load_state_dict(whole.state_dict())
    assert torch.equal(step(whole, (1.0, 0.1))[0], step(resumed, (1.0, 0.1))[0])
    assert resumed.initial.tolist() == [2.0, 0.5]


def test_what_cannot_be_balanced_is_refused():
    with pytest.raises(NotApplicable, match="uni:image"):
        step(GradNorm(TERMS), (1.0, -0.5))
    with pytest.raises(NonFiniteError, match="uni:image"):
        step(GradNorm(TERMS), (1.0, 0.5), ROWS * torch.tensor([[1.0], [math.inf]]))
    with pytest.raises(BadParameter, match="alpha"):
        GradNorm(TERMS, alpha=-1.0)
