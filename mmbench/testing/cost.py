"""What a forward pass costs, and what of it could not be counted."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils.flop_counter import FlopCounterMode, flop_registry

from mmbench.registrations import Registration
from mmbench.testing.results import expect
from mmbench.testing.subjects import subjects_of

__all__ = ["Cost", "cost_can_be_counted", "count"]


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


def cost_can_be_counted(registration: Registration) -> str:
    """Parameters and FLOPs are the same at every count; what is not counted is listed."""
    subject = subjects_of(registration)[-1]
    module, batch = subject.build(), subject.batch(size=1)
    size = sum(parameter.numel() for parameter in module.parameters())
    first, again = (count(lambda: subject.call(module, batch)) for _ in range(2))
    expect(
        first == again,
        "the same cost at every count",
        f"{first.flops} and {again.flops} FLOPs",
        "A forward pass in evaluation mode must not depend on chance or on earlier calls.",
    )
    left = ", ".join(first.uncounted) or "nothing"
    where = f" ({subject.label})" if subject.label else ""
    return f"{size} parameters, {first.flops} FLOPs a sample{where}; not counted: {left}"


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
