from __future__ import annotations

import numpy as np
import pytest
import torch

from mmbench import Term
from mmbench.errors import NotApplicable
from mmbench_weightings.famo import FAMO

TERMS = (Term("joint"), Term("uni:image", 0.5), Term("uni:text"))
BEFORE = torch.tensor([[2.0, 4.0, 1.0], [1.5, 3.9, 1.1], [1.4, 3.0, 0.9]])
AFTER = torch.tensor([[1.5, 3.9, 1.1], [1.2, 3.0, 1.0], [1.4, 2.9, 0.2]])


def named(values):
    return {term.name: value for term, value in zip(TERMS, values, strict=True)}


def softmax(x):
    return np.exp(x) / np.exp(x).sum()


def test_the_factors_are_the_gradients_of_the_normalised_sum_of_logarithms():
    weighting = FAMO(TERMS).double()
    weighting.logits = torch.tensor([0.3, -0.2, 0.5], dtype=torch.float64)
    losses = torch.tensor([2.0, 4.0, 1.0], dtype=torch.float64, requires_grad=True)
    weighting(named(losses)).backward()
    scaled = np.array([1.0, 0.5, 1.0]) * [2.0, 4.0, 1.0]
    z = softmax(np.array([0.3, -0.2, 0.5]))
    expected = z / scaled / (z / scaled).sum() * [1.0, 0.5, 1.0]
    assert losses.grad.tolist() == pytest.approx(expected.tolist(), rel=1e-6)
    assert list(weighting.weights().values()) == pytest.approx(expected.tolist(), rel=1e-6)


def test_the_first_update_by_hand():
    weighting = FAMO(TERMS, lr=0.1, decay=0.0).double()
    weighting(named(BEFORE[0].double()))
    weighting.after_step(named(AFTER[0].double()))
    z, change = np.full(3, 1 / 3), np.log(BEFORE[0].numpy()) - np.log(AFTER[0].numpy())
    gradient = (np.diag(z) - np.outer(z, z)) @ change
    # Adam's first step is lr against the gradient's sign: what fell least gains weight.
    assert weighting.logits.numpy() == pytest.approx(-0.1 * np.sign(gradient), rel=1e-4)
    assert weighting.logits.argmax().item() == 2


def test_updates_are_those_of_adam_on_the_softmax():
    weighting = FAMO(TERMS).double()
    logits = torch.zeros(3, dtype=torch.float64, requires_grad=True)
    adam = torch.optim.Adam([logits], lr=0.025, weight_decay=1e-3)
    for before, after in zip(BEFORE.double(), AFTER.double(), strict=True):
        weighting(named(before))
        weighting.after_step(named(after))
        adam.zero_grad()
        (logits.softmax(0) * (before.log() - after.log())).sum().backward()
        adam.step()
    assert weighting.logits.tolist() == pytest.approx(logits.tolist(), abs=1e-6)


def test_the_moments_are_in_the_state():
    weighting, resumed = FAMO(TERMS), FAMO(TERMS)
    weighting(named(BEFORE[0]))
    weighting.after_step(named(AFTER[0]))
    resumed.load_state_dict(weighting.state_dict())
    for one in (weighting, resumed):
        one(named(BEFORE[1]))
        one.after_step(named(AFTER[1]))
    assert torch.equal(resumed.logits, weighting.logits)


def test_negative_losses_are_refused_before_and_after_the_step():
    weighting = FAMO(TERMS)
    with pytest.raises(NotApplicable, match="famo"):
        weighting(named(-BEFORE[0]))
    weighting(named(BEFORE[0]))
    with pytest.raises(NotApplicable, match="famo"):
        weighting.after_step(named(-AFTER[0]))
