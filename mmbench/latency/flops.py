"""The floating-point operations of a forward pass, and what of it could not be counted."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils.flop_counter import FlopCounterMode, flop_registry

__all__ = ["Cost", "count"]


@dataclass(frozen=True)
class Cost:
    """Of one forward pass.

    Attributes:
        flops: floating-point operations of matrix products, convolutions and attention.
        uncounted: operators that `torch.utils.flop_counter` has no formula for -> calls. Views are left out.

    """

    flops: int
    uncounted: dict[str, int]


def count(run: Callable[[], object]) -> Cost:
    """Count one call."""
    seen = _Operators()
    with torch.no_grad(), FlopCounterMode(display=False) as counter, seen:
        run()
    return Cost(counter.get_total_flops(), dict(sorted(seen.calls.items())))


class _Operators(TorchDispatchMode):  # type: ignore[no-untyped-call]
    """Counts the calls of operators without a FLOP formula."""

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.calls: Counter[str] = Counter()

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        if func._overloadpacket not in flop_registry and not _is_view(func):
            self.calls[str(func._overloadpacket).removeprefix("aten.")] += 1
        return func(*args, **(kwargs or {}))


def _is_view(func: Any) -> bool:
    """Whether the result shares the memory of an argument that is not written to."""
    aliases = [argument.alias_info for argument in func._schema.arguments]
    return any(alias is not None and not alias.is_write for alias in aliases)
