"""What becomes of a property: it holds, it is violated, or it cannot be tested here."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from mmbench.errors import MmbenchError, PluginError

__all__ = ["NotTested", "Result", "Violation", "expect"]


class Violation(PluginError):
    """A property that does not hold; says what should hold, what was seen and what to do."""


class NotTested(MmbenchError):
    """A property that cannot be tested, and why."""


@dataclass(frozen=True)
class Result:
    """What one property of one registration gave.

    Attributes:
        kind: of the registration.
        name: of the registration.
        property: what was tested.
        status: whether it holds.
        message: what was seen; of a failure, also what should hold and what to do.

    """

    kind: str
    name: str
    property: str
    status: Literal["passed", "failed", "skipped"]
    message: str


def expect(holds: bool, should: str, found: str, advice: str) -> None:
    """Raise a Violation unless it holds."""
    if not holds:
        raise Violation(f"Expected {should}. Found {found}. {advice}")
