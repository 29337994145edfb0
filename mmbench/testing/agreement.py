"""Whether two results agree, and how to say that they do not."""

from __future__ import annotations

import torch
from torch import Tensor

from mmbench.testing.results import expect

__all__ = ["agree", "require_agreement"]


def agree(found: Tensor, expected: Tensor, tolerance: float) -> bool:
    """Within `tolerance`, relative to the greatest expected value (or to 1)."""
    return found.shape == expected.shape and _difference(found, expected) <= tolerance


def require_agreement(
    found: Tensor, expected: Tensor, tolerance: float, should: str, advice: str
) -> float:
    """The relative difference.

    Raises:
        Violation: if it is above `tolerance`.

    """
    expect(
        found.shape == expected.shape,
        should,
        f"shape {tuple(found.shape)} against {tuple(expected.shape)}",
        advice,
    )
    difference = _difference(found, expected)
    expect(
        difference <= tolerance,
        f"{should}, within {tolerance:g}",
        f"a difference of {difference:.2g}",
        advice,
    )
    return difference


def _difference(found: Tensor, expected: Tensor) -> float:
    if expected.numel() == 0:
        return 0.0
    expected, found = expected.detach().double(), found.detach().double()
    scale = max(1.0, float(expected.abs().max()))
    difference = float((found - expected).abs().max()) / scale
    return difference if torch.isfinite(torch.tensor(difference)) else float("inf")
