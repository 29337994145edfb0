"""Distances between a sample's two projected features."""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor, nn

__all__ = ["CosineDistance", "SquaredDistance"]


class _Distance(nn.Module):
    """z_i and z_j, projected from the features.

    Nothing but the other losses keeps z from one constant, which has no distance.

    Args:
        dim: size of the projected features.

    """

    def __init__(self, dim_i: int, dim_j: int, dim: int = 32) -> None:
        super().__init__()
        self.project_i = nn.Linear(dim_i, dim)
        self.project_j = nn.Linear(dim_j, dim)


class CosineDistance(_Distance):
    """Mean of 1 − cos(z_i, z_j), from 0 to 2: of a batch of one as of any other. None gives 0."""

    def forward(self, x_i: Tensor, x_j: Tensor) -> Tensor:
        """`(B, dim_i)` and `(B, dim_j)` -> scalar loss."""
        z_i = F.normalize(self.project_i(x_i), dim=1)
        z_j = F.normalize(self.project_j(x_j), dim=1)
        return (1 - (z_i * z_j).sum(dim=1)).sum() / max(len(x_i), 1)


class SquaredDistance(_Distance):
    """Mean of (z_i − z_j)² over samples and components, of one sample or many. None gives 0."""

    def forward(self, x_i: Tensor, x_j: Tensor) -> Tensor:
        """`(B, dim_i)` and `(B, dim_j)` -> scalar loss."""
        apart: Tensor = self.project_i(x_i) - self.project_j(x_j)
        return apart.square().sum() / max(apart.numel(), 1)
