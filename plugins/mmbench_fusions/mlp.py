"""The body that concat and its controls share."""

from __future__ import annotations

from torch import nn

__all__ = ["mlp"]


def mlp(in_size: int, hidden: int, out_size: int, dropout: float) -> nn.Sequential:
    """One hidden layer, ReLU and dropout: `(…, in_size)` -> `(…, out_size)`."""
    return nn.Sequential(
        nn.Linear(in_size, hidden), nn.ReLU(), nn.Dropout(dropout), nn.Linear(hidden, out_size)
    )
