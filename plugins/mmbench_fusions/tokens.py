"""Sequences of several modalities brought to one size, and arithmetic that leaves padding out."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor, nn

__all__ = ["TokenProjections", "masked_mean"]

_INITIAL_STD = 0.02


class TokenProjections(nn.Module):
    """A linear layer per modality: `{m: (B, T_m, D_m)}` -> `[(B, T_m, size)]` by name, padding zero.

    Args:
        embedded: whether each real token is given its modality's learned embedding too.

    """

    def __init__(self, dims: Mapping[str, int], size: int, embedded: bool = False) -> None:
        super().__init__()
        self.names = sorted(dims)
        self.layers = nn.ModuleList(nn.Linear(dims[name], size) for name in self.names)
        self.embedding = (
            nn.Parameter(torch.randn(len(dims), size) * _INITIAL_STD) if embedded else None
        )

    def forward(self, tokens: Mapping[str, Tensor], masks: Mapping[str, Tensor]) -> list[Tensor]:
        projected = []
        for index, (name, layer) in enumerate(zip(self.names, self.layers, strict=True)):
            padding = ~masks[name].unsqueeze(-1)
            x = layer(tokens[name].masked_fill(padding, 0.0))
            if self.embedding is not None:
                x = x + self.embedding[index]
            projected.append(x.masked_fill(padding, 0.0))
        return projected


def masked_mean(x: Tensor, mask: Tensor) -> Tensor:
    """Mean of the real tokens, `(…, T, D)` and `(…, T)` -> `(…, D)`; zeros where there is none."""
    weight = mask.unsqueeze(-1).to(x)
    return (x * weight).sum(dim=-2) / weight.sum(dim=-2).clamp(min=1)
