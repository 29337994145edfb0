"""Checks of what a user passes to a reader."""

from __future__ import annotations

from mmbench.errors import BadParameter

__all__ = ["at_least"]


def at_least(minimum: int, **values: float) -> None:
    """Check parameters by name.

    Raises:
        BadParameter: naming the first that is smaller.

    """
    for name, value in values.items():
        if not value >= minimum:
            raise BadParameter(f"Expected `{name}` to be at least {minimum}. Found {value}.")
