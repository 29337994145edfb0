"""Perceptrons of one shape, all applied at once."""

from __future__ import annotations

from torch import Tensor, nn

from mmbench_fusions.grouped import GroupedLinear

__all__ = ["Experts"]


class Experts(nn.Module):
    """K perceptrons with one hidden layer, ReLU and dropout: `(B, in)` -> `(B, K, out)`."""

    def __init__(
        self, count: int, in_size: int, hidden: int, out_size: int, dropout: float
    ) -> None:
        super().__init__()
        self.count = count
        self.enter = nn.Linear(in_size, count * hidden)
        self.dropout = nn.Dropout(dropout)
        self.leave = GroupedLinear(count, hidden, out_size)

    def forward(self, x: Tensor) -> Tensor:
        hidden = self.dropout(self.enter(x).relu()).unflatten(1, (self.count, -1))
        left: Tensor = self.leave(hidden.transpose(0, 1))
        return left.transpose(0, 1)
