"""What an engine is given and what it yields. Engines themselves are plugins."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol, TypeAlias

__all__ = ["EngineSettings", "Event", "Finished", "Item", "Progress", "Started", "Work"]


class Item(Protocol):
    """One piece of work; it can be pickled."""

    @property
    def key(self) -> str:
        """Names the item in events."""
        ...

    def columns(self) -> dict[str, Any]:
        """The columns of its record that are known before it runs."""
        ...


Work: TypeAlias = Callable[[Any, Callable[[str, float], None]], Mapping[str, Any]]
"""`work(item, report) -> record`. It calls `report(phase, fraction done)` as it goes and raises nothing:
a failure is a record too."""


@dataclass(frozen=True)
class EngineSettings:
    """How an engine executes items.

    Attributes:
        work: `"module:function"` of the `Work`, imported by each worker.
        workers: processes side by side.
        threads: torch threads of each.
        timeout: seconds an item may take, None for any.

    """

    work: str
    workers: int = 1
    threads: int = 1
    timeout: float | None = None


@dataclass(frozen=True)
class Started:
    """A worker took the item up."""

    key: str


@dataclass(frozen=True)
class Progress:
    """An item goes on: the phase it is in and the fraction of the whole that is done."""

    key: str
    phase: str
    done: float


@dataclass(frozen=True)
class Finished:
    """An item has its record: `status` is `ok` or `failed`."""

    key: str
    record: Mapping[str, Any]


Event: TypeAlias = Started | Progress | Finished
