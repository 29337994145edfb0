"""Covariances of two modalities, made alike."""

from __future__ import annotations

from torch import Tensor, nn

from mmbench_alignments.covariances import covariance

__all__ = ["CORAL"]


class CORAL(nn.Module):
    """‖C_i − C_j‖_F² / (4 dim²), with C the covariances of z_i and of z_j over the batch.

    Sun 2016, ECCV Workshops, arXiv:1607.01719. z are projected features. It compares batches, not
    pairs, and no means: a sample need not be near its own other modality. One sample, none, and
    constant features have no covariance: 0, without a gradient.

    Args:
        dim: size of the projected features.

    """

    def __init__(self, dim_i: int, dim_j: int, dim: int = 32) -> None:
        super().__init__()
        self.project_i = nn.Linear(dim_i, dim, bias=False)
        self.project_j = nn.Linear(dim_j, dim, bias=False)

    def forward(self, x_i: Tensor, x_j: Tensor) -> Tensor:
        """`(B, dim_i)` and `(B, dim_j)` -> scalar loss."""
        z_i, z_j = self.project_i(x_i), self.project_j(x_j)
        return (covariance(z_i, z_i) - covariance(z_j, z_j)).square().mean() / 4
