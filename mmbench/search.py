"""Search spaces of hyperparameters, and what a job searches."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

from mmbench.errors import BadParameter

if TYPE_CHECKING:
    import numpy as np

    from mmbench.registry import Registry

__all__ = ["OPTIMISER", "Choice", "Float", "Int", "Open", "Space", "search_spaces"]


@dataclass(frozen=True)
class Float:
    """A real number in [low, high], drawn uniformly, or log-uniformly where `log`."""

    low: float
    high: float
    log: bool = False

    def draw(self, rng: np.random.Generator) -> float:
        if self.log:
            return float(math.exp(rng.uniform(math.log(self.low), math.log(self.high))))
        return float(rng.uniform(self.low, self.high))

    def check(self, value: Any) -> float:
        number = isinstance(value, int | float) and not isinstance(value, bool)
        if not number or not math.isfinite(value):
            raise BadParameter(f"expected a number, found {value!r}")
        return float(value)


@dataclass(frozen=True)
class Int:
    """A whole number in [low, high], drawn uniformly, or log-uniformly where `log`."""

    low: int
    high: int
    log: bool = False

    def draw(self, rng: np.random.Generator) -> int:
        if self.log:
            return round(Float(self.low, self.high, log=True).draw(rng))
        return int(rng.integers(self.low, self.high + 1))

    def check(self, value: Any) -> int:
        if isinstance(value, bool) or not isinstance(value, int):
            raise BadParameter(f"expected a whole number, found {value!r}")
        return value


@dataclass(frozen=True)
class Choice:
    """One of a few values."""

    options: tuple[Any, ...]

    def draw(self, rng: np.random.Generator) -> Any:
        return self.options[int(rng.integers(len(self.options)))]

    def check(self, value: Any) -> Any:
        if value not in self.options:
            listed = ", ".join(map(str, self.options))
            raise BadParameter(f"expected one of {listed}, found {value!r}")
        return value


@dataclass(frozen=True)
class Open(Choice):
    """One of a few values, or any other text, such as a name or a path."""

    def check(self, value: Any) -> Any:
        if not isinstance(value, str) or not value:
            raise BadParameter(f"expected a name or a path, found {value!r}")
        return value


Space: TypeAlias = Float | Int | Choice
"""A user may set a value outside [low, high] on purpose; the range only bounds the search."""

OPTIMISER: dict[str, Space] = {
    "lr": Float(5e-4, 2e-2, log=True),
    "weight_decay": Float(1e-5, 1e-1, log=True),
}


def search_spaces(
    registry: Registry, fusion: str, weighting: str, alignment: str = ""
) -> dict[str, Space]:
    """What a job's trials draw: the hyperparameters of optimiser, fusion, weighting and alignment.

    Encoders keep their defaults in every trial: they are shared by all methods.
    """
    scopes = {
        "fusion": registry.fusions[fusion].parameters,
        "weighting": registry.weightings[weighting].parameters,
    }
    if alignment:
        scopes["alignment"] = registry.alignments[alignment].parameters
    own = {
        f"{scope}.{name}": space
        for scope, spaces in scopes.items()
        for name, space in spaces.items()
    }
    return {**OPTIMISER, **own}
