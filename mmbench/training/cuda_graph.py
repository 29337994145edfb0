"""Programs whose operations a GPU starts in one go, instead of one by one from Python."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable
from functools import partial
from typing import Any

import torch
from torch import Tensor

from mmbench.training.program import Nested, Part, Program, constant, run, runs_of, tensors

__all__ = ["Graphed"]


class Graphed:
    """A program as CUDA graphs, one a part; as it is where CUDA refuses that.

    What is given is copied to where the graphs read it, and what they yield is overwritten the next time. What
    is done outside of torch is done before each graph starts.

    Args:
        program: whose operations have run on the GPU before, so that its libraries are set up.

    """

    def __init__(self, program: Program) -> None:
        self._program = program
        self._slots = program.slots.copy()
        self._outside = [[one for one in part.operations if one.outside] for part in program.parts]
        inside = [
            Part(part.inputs, [one for one in part.operations if not one.outside], part.output)
            for part in program.parts
        ]
        fed = {place for part in program.parts for place in part.inputs}
        fed |= {one.result for outside in self._outside for one in outside}
        self._runs = runs_of(inside, kept=constant(program.slots) | fed)
        self._starts: list[Callable[[], None]] = []
        self._pool: Any = None
        self._refused = any(one.arguments for outside in self._outside for one in outside)

    def __call__(self, given: Nested) -> Generator[Nested, Any, None]:
        """As the program."""
        if self._refused:
            yield from self._program(given)
            return
        for number, part in enumerate(self._program.parts):
            outside = self._outside[number]
            self._feed(part.inputs, tensors(given))
            self._feed([one.result for one in outside], (one.function() for one in outside))
            if number == len(self._starts):
                self._starts.append(self._started(partial(run, self._slots, self._runs[number])))
            self._starts[number]()
            found: Any = self._slots[part.output]
            given = yield found

    def _feed(self, places: Iterable[int], values: Iterable[Tensor]) -> None:
        for place, value in zip(places, values, strict=True):
            own = self._slots[place]
            if isinstance(own, Tensor):
                own.copy_(value)
            else:
                self._slots[place] = value.clone()

    def _started(self, work: Callable[[], None]) -> Callable[[], None]:
        """What does the work; to capture it does nothing of it."""
        if not self._refused:
            try:
                start, self._pool = captured(work, self._pool)
            except torch.OutOfMemoryError:
                raise
            except RuntimeError:
                self._refused = True
            else:
                return start
        return work


def captured(work: Callable[[], None], pool: Any) -> tuple[Callable[[], None], Any]:
    """What starts the GPU's share of the work again, and the memory that it is done in, for the next to share."""
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph, pool=pool):
        work()
    return graph.replay, graph.pool()
