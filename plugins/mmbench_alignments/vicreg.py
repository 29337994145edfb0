"""Features drawn together, and kept from collapsing by their variance and covariance."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from mmbench_alignments.covariances import covariance, off_diagonal

__all__ = ["VICReg"]

_SMALLEST_VARIANCE = 1e-4


class VICReg(nn.Module):
    """λ·s(z_i, z_j) + μ·[v(z_i) + v(z_j)] + ν·[c(z_i) + c(z_j)].

    s is the mean squared difference, v the mean of max(0, 1 − √(Var + 1e-4)) over components, c the
    sum of squared covariances of different components, divided by dim; variances are divided by
    B − 1. Bardes 2022, ICLR, arXiv:2105.04906. z are projected features. Of one sample, and of
    constant features, only s has a gradient: v is 0.99 each and c is 0. No sample has no s either.

    Args:
        dim: size of the projected features.
        invariance: λ.
        variance: μ.
        covariance: ν.

    """

    def __init__(
        self,
        dim_i: int,
        dim_j: int,
        dim: int = 32,
        invariance: float = 25.0,
        variance: float = 25.0,
        covariance: float = 1.0,
    ) -> None:
        super().__init__()
        self.invariance, self.variance, self.covariance = invariance, variance, covariance
        self.project_i = nn.Linear(dim_i, dim)
        self.project_j = nn.Linear(dim_j, dim)

    def forward(self, x_i: Tensor, x_j: Tensor) -> Tensor:
        """`(B, dim_i)` and `(B, dim_j)` -> scalar loss."""
        z_i, z_j = self.project_i(x_i), self.project_j(x_j)
        invariance: Tensor = (z_i - z_j).square().sum() / max(z_i.numel(), 1)
        spread = torch.stack([covariance(z_i, z_i), covariance(z_j, z_j)])
        deviations = (spread.diagonal(dim1=1, dim2=2) + _SMALLEST_VARIANCE).sqrt()
        return (
            self.invariance * invariance
            + self.variance * F.relu(1 - deviations).mean(dim=1).sum()
            + self.covariance * off_diagonal(spread).square().sum() / spread.shape[1]
        )
