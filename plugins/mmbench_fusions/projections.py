"""Features of unequal sizes brought to one."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor, nn

__all__ = ["Projections"]


class Projections(nn.Module):
    """A linear layer per modality: `{m: (B, D_m)}` -> `(B, M, size)`, in the order of the names.

    The layers are in a list, since a `ModuleDict` refuses modalities named like its own methods
    (`values`, `type`).
    """

    def __init__(
        self,
        dims: Mapping[str, int],
        size: int,
        bias: bool = True,
        initial_bias: float | None = None,
    ) -> None:
        super().__init__()
        self.names = sorted(dims)
        layers = [nn.Linear(dims[name], size, bias) for name in self.names]
        if initial_bias is not None:
            for layer in layers:
                nn.init.constant_(layer.bias, initial_bias)
        self.layers = nn.ModuleList(layers)

    def forward(self, features: Mapping[str, Tensor]) -> Tensor:
        projected = [
            layer(features[name]) for name, layer in zip(self.names, self.layers, strict=True)
        ]
        return torch.stack(projected, dim=1)
