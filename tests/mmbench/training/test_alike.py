"""Modules that are alike but for their numbers."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from mmbench.training.alike import alike


class Scaled(nn.Module):
    def __init__(self, scale=1.0, note=None):
        super().__init__()
        self.scale, self.note = scale, note
        self.register_buffer("seen", torch.zeros(2))


def body(width=3, rate=0.1):
    return nn.Sequential(nn.Linear(2, width), nn.Dropout(rate), nn.ReLU())


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (body(), body()),
        (body(rate=0.1), body(rate=0.4)),
        (Scaled(2.0, ["a"]), Scaled(2.0, ["a"])),
        (Scaled(note=torch.ones(2)), Scaled(note=torch.ones(2))),
    ],
)
def test_numbers_and_rates_of_dropout_may_differ(first, second):
    for parameter in second.parameters():
        nn.init.normal_(parameter)
    assert alike(first, second)


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (body(3), body(4)),
        (body(), nn.Sequential(*list(body())[:2])),
        (nn.Sequential(nn.ReLU()), nn.Sequential(nn.Tanh())),
        (Scaled(1.0), Scaled(2.0)),
        (Scaled(note=torch.ones(2)), Scaled(note=torch.zeros(2))),
        (Scaled(note=[torch.ones(2)]), Scaled(note=[torch.ones(2)])),
        (Scaled(note=object()), Scaled(note=object())),
        (nn.Linear(2, 2), nn.Linear(2, 2, bias=False)),
    ],
)
def test_what_else_makes_a_module_may_not(first, second):
    assert not alike(first, second)
