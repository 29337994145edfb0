"""Dropout whose draws belong to a training: the same alone and as one of several lanes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from mmbench.errors import MmbenchError

__all__ = ["Draws", "SeededDropout", "dropout_rates", "own_dropout"]

LEVELS = 2**16
"""Of a draw: a probability is met to within 1e-5, at a quarter of the random bits of a float."""


class Draws:
    """Where the dropout of K lanes draws from.

    Attributes:
        streams: random bits of each lane. NumPy's, since `vmap` lets torch's draw only for all lanes alike.
        training: places of the lanes that still train.
        lane: a batched scalar that numbers those under `vmap`; None where one trains alone.

    """

    def __init__(self, seeds: Sequence[int]) -> None:
        self.streams = [np.random.SFC64(seed) for seed in seeds]
        self.training = list(range(len(self.streams)))
        self.lane: Tensor | None = None

    def __deepcopy__(self, memo: dict[int, Any]) -> Draws:
        return self  # a copy of a model draws on where the model is


class SeededDropout(nn.Module):
    """`nn.Dropout` with a stream of its own for each lane; three times as fast on a CPU.

    Args:
        rates: the probability of each lane.
        draws: shared by all dropout of a model, in the order of its forward pass.

    """

    def __init__(self, rates: Sequence[float], draws: Draws) -> None:
        super().__init__()
        self.rates = list(rates)
        self.draws = draws

    @property
    def p(self) -> float:
        """The probability, for a module that reads it.

        Raises:
            MmbenchError: if lanes differ in it: what one of them does is then not what all do.

        """
        if len(set(self.rates)) > 1:
            raise MmbenchError(
                f"Expected lanes with one dropout, since the module reads it. Found {self.rates}."
            )
        return self.rates[0]

    def forward(self, x: Tensor) -> Tensor:
        if not self.training:
            return x
        if self.draws.lane is None:
            return x * self._factors(x, 0)
        every = torch.stack([self._factors(x, place) for place in self.draws.training])
        return x * every.index_select(0, self.draws.lane.reshape(1)).squeeze(0)

    def _factors(self, x: Tensor, place: int) -> Tensor:
        """0 where a value of this lane is dropped, 1 / (1 − rate) where it is kept."""
        rate = self.rates[place]
        levels = round(rate * LEVELS)
        if not 0 < levels < LEVELS:
            return torch.full(x.shape, float(levels == 0), dtype=x.dtype, device=x.device)
        bits = self.draws.streams[place].random_raw(-(-x.numel() // 4)).view(np.int16)
        draws = torch.from_numpy(bits[: x.numel()]).to(x.device).view(x.shape)
        return (draws >= levels - LEVELS // 2).to(x.dtype).mul_(1 / (1 - rate))


@contextmanager
def own_dropout(model: nn.Module, rates: Sequence[Sequence[float]], draws: Draws) -> Iterator[None]:
    """Replace every `nn.Dropout` of a model for a while.

    Args:
        model: changed inside, and as it was afterwards.
        rates: of each dropout, those of the lanes; see `dropout_rates`.
        draws: of the lanes.

    """
    found = _dropouts(model)
    made: dict[int, SeededDropout] = {}
    for (parent, name, child), own in zip(found, rates, strict=True):
        seeded = made.setdefault(id(child), SeededDropout(own, draws).train(child.training))
        parent.register_module(name, seeded)
    try:
        yield
    finally:
        for parent, name, child in found:
            parent.register_module(name, child.train(parent.training))


def dropout_rates(model: nn.Module) -> list[float]:
    """The probability of every dropout, in the order of the model's modules."""
    return [child.p for _, _, child in _dropouts(model)]


def _dropouts(model: nn.Module) -> list[tuple[nn.Module, str, nn.Dropout]]:
    return [
        (parent, name, child)
        for parent in model.modules()
        for name, child in parent._modules.items()
        if type(child) is nn.Dropout
    ]
