"""Cosines between gradients that are known."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from mmbench.training.gradients import BackwardPasses, conflicts


@pytest.fixture
def groups():
    return {
        "encoder:a": [nn.Parameter(torch.tensor([1.0, 0.0])), nn.Parameter(torch.zeros(1))],
        "encoder:b": [nn.Parameter(torch.tensor([0.0, 1.0]))],
        "shared": [nn.Parameter(torch.ones(2))],
    }


def test_cosines_are_those_of_the_gradients_worked_by_hand(groups):
    (a, extra), [b], [shared] = groups.values()
    losses = {
        "joint": (a * torch.tensor([1.0, 0.0])).sum() + b.sum() + shared.sum(),
        "uni:a": (a * torch.tensor([-1.0, 1.0])).sum(),
        "uni:b": (b * torch.tensor([2.0, 2.0])).sum(),
        "align:a->b": (a * torch.tensor([0.0, 3.0])).sum() + extra.sum() - b.sum(),
        "aux:none": torch.zeros(()),
    }
    found = conflicts(losses, groups)
    assert found == {
        "a: joint | uni:a": pytest.approx(-(0.5**0.5)),
        "a: joint | align:a->b": pytest.approx(0.0),
        "a: uni:a | align:a->b": pytest.approx(3 / (2**0.5 * 10**0.5)),
        "b: joint | uni:b": pytest.approx(1.0),
        "b: joint | align:a->b": pytest.approx(-1.0),
        "b: uni:b | align:a->b": pytest.approx(-1.0),
    }
    assert a.grad is None


def test_one_term_has_no_conflict(groups):
    assert conflicts({"joint": groups["encoder:b"][0].sum()}, groups) == {}


def test_passes_are_counted_between_opening_and_closing(groups):
    (a, _), [b], _ = groups.values()
    counted = BackwardPasses(groups)
    a.sum().backward()
    counted.open()
    for _ in range(3):
        a.sum().backward()
    torch.autograd.grad(b.sum(), [b])
    counted.close(2)
    a.sum().backward()
    counted.close(4)
    assert counted.a_batch == (3 + 1) / 2 / 2
