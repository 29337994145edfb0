"""Results that are kept for the next call, as many as the memory is meant to hold."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

__all__ = ["Kept"]

T = TypeVar("T")


class Kept(Generic[T]):
    """A function whose last results are kept; `functools.lru_cache` knows no sizes.

    Args:
        make: the function, of hashable arguments.
        size: of a result, in bytes.
        count: results to keep at most.
        limit: bytes that they may have together; the last one is kept whatever its size.

    Attributes:
        misses: calls that had to make their result.

    """

    def __init__(
        self, make: Callable[..., T], size: Callable[[T], int], count: int, limit: int
    ) -> None:
        self._make, self._size, self._count, self._limit = make, size, count, limit
        self._results: OrderedDict[tuple[Hashable, ...], T] = OrderedDict()
        self.misses = 0

    def __call__(self, *arguments: Hashable) -> T:
        if arguments not in self._results:
            self.misses += 1
            made = self._make(*arguments)
            self._make_room(self._size(made))
            self._results[arguments] = made
        self._results.move_to_end(arguments)
        return self._results[arguments]

    def clear(self) -> None:
        self._results.clear()
        self.misses = 0

    def _make_room(self, needed: int) -> None:
        """Forget what was used longest ago."""
        held = sum(map(self._size, self._results.values()))
        while self._results and (len(self._results) >= self._count or held + needed > self._limit):
            _, gone = self._results.popitem(last=False)
            held -= self._size(gone)
