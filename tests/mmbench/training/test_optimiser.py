"""The flat optimiser does what torch's does with a state a parameter."""

from __future__ import annotations

import copy

import pytest
import torch
from torch import nn

from mmbench.training.optimiser import FlatAdamW, clip_

LR, DECAY = 0.05, 0.1


def model():
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.Linear(4, 2)).double()


def train(steps, clip, without=()):
    """Both optimisers side by side; at the steps `without`, the last bias has no gradient."""
    ours, theirs = model(), model()
    flat = FlatAdamW(ours.parameters(), LR, DECAY)
    plain = torch.optim.AdamW(theirs.parameters(), lr=LR, weight_decay=DECAY)
    for step in range(steps):
        x = torch.randn(8, 3, dtype=torch.float64)
        for module, optimiser in ((ours, flat), (theirs, plain)):
            optimiser.zero_grad()
            module(x).square().sum().backward()
            if step in without:
                module[2].bias.grad = None
        flat.clip(clip)
        nn.utils.clip_grad_norm_(theirs.parameters(), clip)
        flat.step()
        plain.step()
    return ours, theirs, flat


@pytest.mark.parametrize("without", [(), (0,), (3,), range(6)], ids=str)
@pytest.mark.parametrize("clip", [0.5, 1e6])
def test_steps_equal_those_of_adamw(clip, without):
    ours, theirs, flat = train(6, clip, without)
    assert flat.is_flat == (not without)
    for found, expected in zip(ours.parameters(), theirs.parameters(), strict=True):
        torch.testing.assert_close(found, expected, rtol=0, atol=1e-12)


@pytest.mark.parametrize("without", [(), (1,)], ids=str)
def test_a_saved_state_is_taken_up(without):
    first, _, flat = train(3, 5.0, without)
    second = copy.deepcopy(first)
    other = FlatAdamW(second.parameters(), LR, DECAY)
    other.load_state_dict(copy.deepcopy(flat.state_dict()))
    for module, optimiser in ((first, flat), (second, other)):
        optimiser.zero_grad()
        module(torch.ones(2, 3, dtype=torch.float64)).sum().backward()
        optimiser.clip(5.0)
        optimiser.step()
    for found, expected in zip(second.parameters(), first.parameters(), strict=True):
        assert torch.equal(found, expected)


def test_parameters_of_several_dtypes_do_not_fit():
    parameters = [nn.Parameter(torch.ones(1)), nn.Parameter(torch.ones(1, dtype=torch.float64))]
    assert not FlatAdamW.fits(parameters)
    assert not FlatAdamW.fits([])
    assert FlatAdamW.fits(parameters[:1])


def test_each_row_is_clipped_by_its_own_norm():
    rows = torch.tensor([[3.0, 4.0], [0.3, 0.4], [0.0, 0.0]])
    clip_(rows, 1.0)
    torch.testing.assert_close(rows, torch.tensor([[0.6, 0.8], [0.3, 0.4], [0.0, 0.0]]))
