"""AdamW under a one-cycle schedule for the lanes of a stack, each with rates of its own."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

import torch
from torch import Tensor, nn

from mmbench.training.optimiser import clip_
from mmbench.training.step import Settings

__all__ = ["RowsAdamW"]


class RowsAdamW:
    """Steps the rows of `(K, P)` parameters.

    Args:
        values: `(K, P)`, changed in place.
        settings: of each lane.
        steps: of the whole training.

    """

    def __init__(self, values: Tensor, settings: Sequence[Settings], steps: int) -> None:
        self.settings = list(settings)
        self.factors = one_cycle(steps)
        self.done = 0
        self._attach(values)

    def step(self, gradients: Tensor) -> None:
        """Clip each lane's gradients, in place, and step it; a lane's step does not see the others."""
        clip_(gradients, self.settings[0].clip)
        for row, gradient in zip(self.rows, gradients.unbind(0), strict=True):
            row.grad = gradient
        for group in self.optimiser.param_groups:
            group["lr"] = group["peak"] * self.factors[self.done]
        self.optimiser.step()
        self.done += 1

    def keep(self, places: list[int], values: Tensor) -> None:
        """Go on with some lanes, whose parameters are now in `values`."""
        states = [self.optimiser.state[self.rows[place]] for place in places]
        self.settings = [self.settings[place] for place in places]
        self._attach(values)
        for row, state in zip(self.rows, states, strict=True):
            self.optimiser.state[row] = state

    def _attach(self, values: Tensor) -> None:
        self.rows = [nn.Parameter(row) for row in values.detach().unbind(0)]
        groups: dict[tuple[float, float], list[nn.Parameter]] = {}
        for row, of in zip(self.rows, self.settings, strict=True):
            groups.setdefault((of.lr, of.weight_decay), []).append(row)
        self.optimiser = torch.optim.AdamW(
            [
                {"params": rows, "lr": lr, "peak": lr, "weight_decay": decay}
                for (lr, decay), rows in groups.items()
            ],
            fused=True,
        )


@lru_cache(maxsize=8)
def one_cycle(steps: int) -> tuple[float, ...]:
    """The factor on the peak learning rate, for each step of torch's one-cycle schedule."""
    unit = torch.optim.SGD([nn.Parameter(torch.zeros(()))], lr=1.0)
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        unit, 1.0, total_steps=steps, cycle_momentum=False
    )
    factors = []
    for step in range(steps):
        factors.append(float(schedule.get_last_lr()[0]))
        unit.step()
        if step + 1 < steps:
            schedule.step()
    return tuple(factors)
