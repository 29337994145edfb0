"""Moments of two distributions, compared one by one."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from mmbench_alignments.covariances import centred

__all__ = ["CentralMoments"]


class CentralMoments(nn.Module):
    """‖E z_i − E z_j‖ + Σ_{k=2}^{K} ‖c_k(z_i) − c_k(z_j)‖, c_k the k-th central moment.

    The central moment discrepancy of Zellinger 2017, ICLR, arXiv:1702.08811. z = σ(W x + b) lies in
    [0, 1], so that the paper's factors 1/|b − a|^k are 1. It compares batches, not pairs: a sample
    need not be near its own other modality. One sample, or constant features, have no moment but
    the mean: ‖z_i − z_j‖. None gives 0.

    Args:
        dim: size of the projected features.
        moments: K.

    """

    def __init__(self, dim_i: int, dim_j: int, dim: int = 32, moments: int = 5) -> None:
        super().__init__()
        self.moments = moments
        self.project_i = nn.Linear(dim_i, dim)
        self.project_j = nn.Linear(dim_j, dim)

    def forward(self, x_i: Tensor, x_j: Tensor) -> Tensor:
        """`(B, dim_i)` and `(B, dim_j)` -> scalar loss."""
        z_i, z_j = self.project_i(x_i).sigmoid(), self.project_j(x_j).sigmoid()
        apart_i, apart_j = centred(z_i), centred(z_j)
        differences = [z_i - z_j, *(apart_i**k - apart_j**k for k in range(2, self.moments + 1))]
        means = torch.stack([each.sum(dim=0) for each in differences]) / max(len(x_i), 1)
        distance: Tensor = torch.linalg.vector_norm(means, dim=1).sum()
        return distance
