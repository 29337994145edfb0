"""Modalities that are kept from saying the same."""

from __future__ import annotations

from torch import Tensor, nn

from mmbench_alignments.covariances import centred

__all__ = ["Orthogonality"]

_SMALLEST_SQUARE = 1e-8


class Orthogonality(nn.Module):
    """w · mean((Z_iᵀ Z_j)²): how far the directions of x_i and of x_j are from orthogonal.

    Z `(B, dim)` are the features with zero mean over the batch and rows of length one, as the
    difference loss of Hazarika 2020, ACM Multimedia, arXiv:2005.03545, has them; 1e-8 is added to a
    squared length before its root is taken. It drives modalities apart, where the other losses
    draw them together. One sample, none, and constant features have no direction: 0.

    Args:
        weight: w.

    """

    def __init__(self, dim_i: int, dim_j: int, weight: float = 0.3) -> None:
        super().__init__()
        self.weight = weight

    def forward(self, x_i: Tensor, x_j: Tensor) -> Tensor:
        """`(B, dim_i)` and `(B, dim_j)` -> scalar loss."""
        return self.weight * (_directions(x_i).T @ _directions(x_j)).square().mean()


def _directions(x: Tensor) -> Tensor:
    apart = centred(x)
    return apart / (apart.square().sum(dim=1, keepdim=True) + _SMALLEST_SQUARE).sqrt()
