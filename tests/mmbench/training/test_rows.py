"""The optimiser of lanes against one of torch's for each of them."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from torch import nn

from mmbench.training.rows import RowsAdamW, one_cycle
from mmbench.training.step import Settings

PLAIN = Settings(1, 1, 1, lr=0.1, weight_decay=0.01, seed=0, clip=1.0)
SETTINGS = [PLAIN, replace(PLAIN, lr=0.3), replace(PLAIN, weight_decay=0.5)]


def alone(start, gradients, settings):
    """torch's optimiser, schedule and clipping."""
    row = nn.Parameter(start.clone())
    optimiser = torch.optim.AdamW([row], lr=settings.lr, weight_decay=settings.weight_decay)
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimiser, settings.lr, total_steps=len(gradients), cycle_momentum=False
    )
    for gradient in gradients:
        row.grad = gradient.clone()
        nn.utils.clip_grad_norm_([row], settings.clip)
        optimiser.step()
        schedule.step()
    return row.detach()


def test_each_lane_steps_as_it_would_alone_also_when_others_stop():
    torch.manual_seed(0)
    start, gradients = torch.randn(3, 5).double(), 3 * torch.randn(6, 3, 5).double()
    values = start.clone()
    optimiser = RowsAdamW(values, SETTINGS, steps=6)
    for step in range(3):
        optimiser.step(gradients[step].clone())
    values = values[[0, 2]]
    optimiser.keep([0, 2], values)
    for step in range(3, 6):
        optimiser.step(gradients[step][[0, 2]].clone())
    for row, lane in zip(values, (0, 2), strict=True):
        expected = alone(start[lane], gradients[:, lane], SETTINGS[lane])
        torch.testing.assert_close(row, expected, rtol=0, atol=1e-12)


def test_the_schedule_rises_to_the_peak_and_falls_to_almost_nothing():
    factors = one_cycle(10)
    assert len(factors) == 10
    assert factors[0] == pytest.approx(1 / 25)
    assert max(factors) == 1.0
    assert factors[-1] < 1e-5
