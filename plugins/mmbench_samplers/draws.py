"""Epochs drawn with unequal chances."""

from __future__ import annotations

import torch
from torch import Tensor

__all__ = ["draw"]


def draw(chances: Tensor, generator: torch.Generator) -> Tensor:
    """As many places as there are chances, (N,), drawn with replacement in proportion to them."""
    return torch.multinomial(chances, len(chances), replacement=True, generator=generator)
