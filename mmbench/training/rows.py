"""AdamW under a one-cycle schedule for the lanes of a stack, each with rates of its own."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from itertools import groupby

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
        for run, part in zip(self.runs, torch.split(gradients, self._sizes), strict=True):
            run.grad = part
        for group in self.optimiser.param_groups:
            group["lr"] = group["peak"] * self.factors[self.done]
        self.optimiser.step()
        self.done += 1

    def keep(self, places: list[int], values: Tensor) -> None:
        """Go on with some lanes, whose parameters are now in `values`."""
        before = [self.optimiser.state[run] for run in self.runs]
        self.settings = [self.settings[place] for place in places]
        self._attach(values)
        for name, first in before[0].items():
            shared = first.dim() == 0  # the number of steps
            every = torch.cat([state[name] for state in before])[places] if not shared else first
            parts = (
                [every.clone() for _ in self.runs] if shared else torch.split(every, self._sizes)
            )
            for run, part in zip(self.runs, parts, strict=True):
                self.optimiser.state[run][name] = part

    def _attach(self, values: Tensor) -> None:
        """Lanes side by side with the same rates are one parameter: less work than one each."""
        groups = []
        for (lr, decay), lanes in groupby(self.settings, lambda of: (of.lr, of.weight_decay)):
            groups.append((len(list(lanes)), {"lr": lr, "peak": lr, "weight_decay": decay}))
        self._sizes = [size for size, _ in groups]
        self.runs = [nn.Parameter(run) for run in torch.split(values.detach(), self._sizes)]
        self.optimiser = torch.optim.AdamW(
            [{"params": [run], **rates} for run, (_, rates) in zip(self.runs, groups, strict=True)],
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
