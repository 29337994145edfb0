"""Correlation of two modalities, component by component."""

from __future__ import annotations

from torch import Tensor, nn

from mmbench_alignments.covariances import centred, off_diagonal

__all__ = ["BarlowTwins"]

_SMALLEST_VARIANCE = 1e-5


class BarlowTwins(nn.Module):
    """Σ_k (1 − C_kk)² + w Σ_{k≠l} C_kl², with C the correlations of z_i and z_j over the batch.

    Zbontar 2021, ICML, arXiv:2103.03230. z are projected features. 1e-5 is added to a variance
    before its root is taken, so that one sample, none, and constant features correlate with nothing:
    the loss is then dim, without a gradient.

    Args:
        dim: size of the projected features.
        redundancy: w.

    """

    def __init__(self, dim_i: int, dim_j: int, dim: int = 32, redundancy: float = 0.0051) -> None:
        super().__init__()
        self.redundancy = redundancy
        self.project_i = nn.Linear(dim_i, dim, bias=False)
        self.project_j = nn.Linear(dim_j, dim, bias=False)

    def forward(self, x_i: Tensor, x_j: Tensor) -> Tensor:
        """`(B, dim_i)` and `(B, dim_j)` -> scalar loss."""
        z_i, z_j = _standardised(self.project_i(x_i)), _standardised(self.project_j(x_j))
        correlation = z_i.T @ z_j / max(len(x_i), 1)
        agreement = (1 - correlation.diagonal()).square().sum()
        return agreement + self.redundancy * off_diagonal(correlation).square().sum()


def _standardised(z: Tensor) -> Tensor:
    apart = centred(z)
    variance = apart.square().sum(dim=0) / max(len(z), 1)
    return apart / (variance + _SMALLEST_VARIANCE).sqrt()
