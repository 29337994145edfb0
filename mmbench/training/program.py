"""A recorded computation: its operations in order, without the Python that led to them."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import dataclass, field
from operator import itemgetter
from typing import Any, TypeAlias

import torch
from torch import Tensor

__all__ = ["Nested", "Operation", "Part", "Program", "Work", "tensors"]

Nested: TypeAlias = dict[str, Any]
"""Tensors by name, in dictionaries in dictionaries."""
Work: TypeAlias = Callable[[Nested], Generator[Nested, Any, None]]
"""What computes in parts: it is given tensors, yields tensors, and is sent more for its next part."""
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

    """

    function: Callable[..., Any]
    arguments: Sequence[int]
    result: int
    effect: bool = False


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
        slots: values that never change, in their places; anything else where there is none.
        parts: in their order.

    """

    def __init__(self, slots: Sequence[object], parts: Sequence[Part]) -> None:
        constant = {place for place, value in enumerate(slots) if value is not None}
        self._slots = list(slots)
        self._parts = _with_ends(_without_unread(parts), constant)

    def __call__(self, given: Nested) -> Generator[Nested, Any, None]:
        """As the work that was recorded, but for gradients: they are operations of its, like others."""
        slots = self._slots.copy()
        for inputs, operations, output in self._parts:
            for place, value in zip(inputs, tensors(given), strict=True):
                slots[place] = value
            with torch.no_grad():
                for function, arguments, result, ended in operations:
                    slots[result] = function(*arguments(slots))
                    for place in ended:
                        slots[place] = None
            found: Any = slots[output]
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


_Runnable: TypeAlias = tuple[
    Callable[..., Any], Callable[[list[object]], Sequence[Any]], int, Sequence[int]
]


def _with_ends(
    parts: Sequence[Part], constant: set[int]
) -> list[tuple[list[int], list[_Runnable], int]]:
    """The operations as they run fastest, each with the slots that are not read after it: their memory is free."""
    later = {UNUSED, *constant}
    found = []
    for part in reversed(parts):
        later.add(part.output)
        runnable: list[_Runnable] = []
        for operation in reversed(part.operations):
            ended = {*operation.arguments, operation.result} - later
            later |= ended
            runnable.append(
                (operation.function, _picked(operation.arguments), operation.result, tuple(ended))
            )
        found.append((part.inputs, runnable[::-1], part.output))
    return found[::-1]


def _picked(places: Sequence[int]) -> Callable[[list[object]], Sequence[Any]]:
    """What reads these slots; `itemgetter` gives no tuple of one or none, but slices it does."""
    if len(places) > 1:
        return itemgetter(*places)
    return itemgetter(slice(places[0], places[0] + 1) if places else slice(0, 0))
