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
        together: whether a pass of all of those, under `vmap`, draws; else the first alone.

    """

    def __init__(self, seeds: Sequence[int]) -> None:
        self.streams = [np.random.SFC64(seed) for seed in seeds]
        self.training = list(range(len(self.streams)))
        self.together = False

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
        if not self.draws.together:
            return x * self.factors([0], x[None])[0]
        dropped: Tensor = _EachLane.apply(x, self)  # type: ignore[no-untyped-call]
        return dropped

    def factors(self, places: list[int], like: Tensor) -> Tensor:
        """For values (K, …) of K lanes: 0 where one is dropped, 1 / (1 − rate) where it is kept."""
        count = like[0].numel()
        levels = [round(self.rates[place] * LEVELS) for place in places]
        bits = np.zeros((len(places), -(-count // 4)), dtype=np.uint64)
        for row, place, level in zip(bits, places, levels, strict=True):
            if 0 < level < LEVELS:
                row[:] = self.draws.streams[place].random_raw(len(row))
        draws = torch.from_numpy(bits.view(np.int16)[:, :count]).to(like.device).view(like.shape)
        # A level of LEVELS has no 16 bits to be compared by: the scale of 0 drops everything.
        least = np.array([min(level, LEVELS - 1) - LEVELS // 2 for level in levels], np.int16)
        scales = [
            1 / (1 - self.rates[place]) if level < LEVELS else 0.0
            for place, level in zip(places, levels, strict=True)
        ]
        each = (-1, *[1] * (like.dim() - 1))
        kept = draws >= torch.from_numpy(least).to(like.device).view(each)
        return torch.where(kept, like.new_tensor(scales).view(each), 0.0)


class _EachLane(torch.autograd.Function):
    """Under `vmap`, dropout of all lanes at once."""

    @staticmethod
    def forward(x: Tensor, layer: SeededDropout) -> Tensor:
        raise MmbenchError("Expected values of each lane. Found values that all lanes share.")

    @staticmethod
    def setup_context(ctx: Any, inputs: Any, output: Any) -> None: ...

    @staticmethod
    def vmap(
        info: Any, in_dims: tuple[int, None], x: Tensor, layer: SeededDropout
    ) -> tuple[Tensor, int]:
        own = x.movedim(in_dims[0], 0)
        return own * layer.factors(layer.draws.training, own), 0


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
