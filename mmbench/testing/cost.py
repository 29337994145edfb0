"""Whether what a forward pass costs can be told."""

from __future__ import annotations

from mmbench.latency.flops import count
from mmbench.registrations import Registration
from mmbench.testing.results import expect
from mmbench.testing.subjects import subjects_of

__all__ = ["cost_can_be_counted"]


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
