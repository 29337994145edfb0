"""A recorded computation: its operations in order, without the Python that led to them."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import dataclass, field
from operator import itemgetter
from typing import Any, TypeAlias

import torch
from torch import Tensor

__all__ = [
    "Nested",
    "Operation",
    "Part",
    "Program",
    "Run",
    "Work",
    "constant",
    "run",
    "runs_of",
    "tensors",
]

Nested: TypeAlias = dict[str, Any]
"""Tensors by name, in dictionaries in dictionaries."""
Work: TypeAlias = Callable[[Nested], Generator[Nested, Any, None]]
"""What computes in parts: it is given tensors, yields tensors, and is sent more for its next part."""
Run: TypeAlias = list[
    tuple[Callable[..., Any], Callable[[list[object]], Sequence[Any]], int, Sequence[int]]
]
"""What is done, what reads its arguments, the slot of its result, and the slots that nothing reads later."""
UNUSED = 0
"""The slot of results that nothing reads."""


@dataclass(frozen=True)
class Operation:
    """`slots[result] = function(*slots[arguments])`.

    Attributes:
        function: an operation of torch, or what a layer computes outside of it.
        arguments: slots.
        result: slot.
        effect: whether it does more than give a result.
        outside: whether it is no operation of torch's.

    """

    function: Callable[..., Any]
    arguments: Sequence[int]
    result: int
    effect: bool = False
    outside: bool = False


@dataclass
class Part:
    """What is done until the next tensors are sent.

    Attributes:
        inputs: slots of the tensors that are given or sent, in their order.
        operations: in their order.
        output: slot of what is yielded.

    """

    inputs: list[int]
    operations: list[Operation] = field(default_factory=list)
    output: int = UNUSED


class Program:
    """Does again what was recorded, on other tensors of the same shapes and strides.

    Args:
        slots: values that never change, in their places; None in others.
        parts: in their order; operations whose result nothing reads are left out.

    """

    def __init__(self, slots: Sequence[object], parts: Sequence[Part]) -> None:
        self.slots = list(slots)
        self.parts = _without_unread(parts)
        self._runs = runs_of(self.parts, kept=constant(slots))

    def __call__(self, given: Nested) -> Generator[Nested, Any, None]:
        """As the work that was recorded, but for gradients: they are operations of its, like others."""
        slots = self.slots.copy()
        for part, operations in zip(self.parts, self._runs, strict=True):
            for place, value in zip(part.inputs, tensors(given), strict=True):
                slots[place] = value
            run(slots, operations)
            found: Any = slots[part.output]
            given = yield found


def tensors(given: Nested) -> Iterator[Tensor]:
    """In the order of the dictionaries."""
    for value in given.values():
        if isinstance(value, Tensor):
            yield value
        else:
            yield from tensors(value)


def _without_unread(parts: Sequence[Part]) -> list[Part]:
    read = {part.output for part in parts}
    kept: list[Part] = []
    for part in reversed(parts):
        operations = []
        for operation in reversed(part.operations):
            if operation.effect or operation.result in read:
                read.update(operation.arguments)
                operations.append(operation)
        kept.append(Part(part.inputs, operations[::-1], part.output))
    return kept[::-1]


def constant(slots: Sequence[object]) -> set[int]:
    """The places of values that never change."""
    return {place for place, value in enumerate(slots) if value is not None}


def runs_of(parts: Sequence[Part], kept: set[int]) -> list[Run]:
    """The operations of each part as they run fastest; what nothing reads later is let go.

    Args:
        parts: in their order.
        kept: slots that hold what they hold for the next time.

    """
    later = {UNUSED, *kept}
    found = []
    for part in reversed(parts):
        later.add(part.output)
        run_: Run = []
        for operation in reversed(part.operations):
            ended = {*operation.arguments, operation.result} - later
            later |= ended
            read = _picked(operation.arguments)
            run_.append((operation.function, read, operation.result, tuple(ended)))
        found.append(run_[::-1])
    return found[::-1]


def run(slots: list[object], operations: Run) -> None:
    """Do them."""
    with torch.no_grad():
        for function, arguments, result, ended in operations:
            slots[result] = function(*arguments(slots))
            for place in ended:
                slots[place] = None


def _picked(places: Sequence[int]) -> Callable[[list[object]], Sequence[Any]]:
    """What reads these slots; `itemgetter` gives no tuple of one or none, but slices it does."""
    if len(places) > 1:
        return itemgetter(*places)
    return itemgetter(slice(places[0], places[0] + 1) if places else slice(0, 0))
