"""Dropout whose draws belong to a training: the same alone and as one of several lanes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from mmbench.errors import MmbenchError
from mmbench.training.lifted import of_all_lanes, of_each_lane
from mmbench.training.recording import outside_torch

__all__ = ["Draws", "SeededDropout", "dropout_rates", "own_dropout"]

LEVELS = 2**16
"""Of a draw: a probability is met to within 1e-5, at a quarter of the random bits of a float."""
DRAWS_A_WORD = 4
"""Whole words are taken, of 64 random bits each."""
WORDS = 2**12
"""Of each lane, that are drawn at least at a time."""


class Draws:
    """Where the dropout of K lanes draws from.

    Random bits are NumPy's, since `vmap` lets torch's draw only for all lanes alike. They are drawn for many
    layers in advance; each layer takes the next ones, and a lane gets what it would get alone.

    Attributes:
        training: places of the lanes that still train; another list when some have stopped.
        lane: under `vmap`, a lane's row of what is taken; None where one training draws by itself.

    """

    def __init__(self, seeds: Sequence[int]) -> None:
        self._streams = [np.random.SFC64(seed) for seed in seeds]
        self._drawn = torch.empty(len(self._streams), 0)
        self._next = 0
        self.training = list(range(len(self._streams)))
        self.lane: Tensor | None = None

    def __deepcopy__(self, memo: dict[int, Any]) -> Draws:
        return self  # a copy of a model draws on where the model is

    def take(self, count: int, device: torch.device) -> Tensor:
        """Whole numbers from 0 to LEVELS - 1 for each lane that still trains, as floats, (K, count)."""
        whole = -(-count // DRAWS_A_WORD) * DRAWS_A_WORD
        if self._next + whole > self._drawn.shape[1]:
            self._draw(whole, device)
        taken = self._drawn[:, self._next : self._next + count]
        self._next += whole
        return taken

    def keep(self, places: list[int]) -> None:
        """Go on with some of the lanes that still train."""
        self.training = [self.training[place] for place in places]
        self._streams = [self._streams[place] for place in places]
        self._drawn = self._drawn[places]

    def _draw(self, least: int, device: torch.device) -> None:
        """Have at least so many fresh ones; joining them to what is left takes longer than drawing that again."""
        words = max(least // DRAWS_A_WORD, WORDS)
        fresh = np.stack([stream.random_raw(words) for stream in self._streams]).view(np.uint16)
        self._drawn = torch.from_numpy(fresh.astype(np.float32)).to(device)
        self._next = 0


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
        self._known: tuple[object, Tensor, Tensor] | None = None

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
        every = of_all_lanes(x)
        if every is None:
            return x * self._factors(x)[0 if self.draws.lane is None else self.draws.lane]
        return of_each_lane(every * self._factors(x))

    def _factors(self, like: Tensor) -> Tensor:
        """For values (…) of each lane: 0 where one is dropped, 1 / (1 − rate) where it is kept; (K, …)."""
        dropped, scales = self._limits(like.device)
        drawn = outside_torch(partial(self.draws.take, like.numel(), like.device))
        # One or more where kept, else zero or less. Comparisons have no vector instructions in torch.
        factors = (drawn - dropped).clamp_(0, 1).mul_(scales)
        return factors.view(-1, *like.shape).to(like.dtype)

    def _limits(self, device: torch.device) -> tuple[Tensor, Tensor]:
        """Of each lane that still trains, (K, 1): the greatest draw that is dropped, and the others' scale."""
        if self._known is None or self._known[0] is not self.draws.training:
            rates = [self.rates[place] for place in self.draws.training]
            dropped = [round(rate * LEVELS) - 1.0 for rate in rates]
            scales = [1 / (1 - rate) if rate < 1 else 0.0 for rate in rates]
            columns = torch.tensor([dropped, scales], device=device).unsqueeze(-1)
            self._known = (self.draws.training, *columns)
        return self._known[1:]


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
