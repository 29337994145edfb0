"""Correlation of two modalities, whatever linear map would show it best."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from mmbench_alignments.covariances import covariance

__all__ = ["DCCA"]

_FLOOR = 1e-9


class DCCA(nn.Module):
    """−‖Σ_ii^{-1/2} Σ_ij Σ_jj^{-1/2}‖_*: minus the sum of the canonical correlations of z_i and z_j.

    Andrew 2013, ICML. Between −dim and 0, and negative by nature. z are projected features, fewer
    than a batch has samples: as many directions as samples would correlate whatever they hold. A
    ridge is added to Σ_ii and Σ_jj, and a squared correlation below 1e-9 counts as none, since its
    root has no useful gradient. One sample, none, and constant features have no covariance: 0.

    Cholesky factors stand for the roots, because the singular values are the same and their
    gradient exists where eigenvalues repeat. In double precision, as the ridge would be lost
    beside large features in single.

    Args:
        dim: size of the projected features.
        ridge: what is added to the variances.

    """

    def __init__(self, dim_i: int, dim_j: int, dim: int = 16, ridge: float = 1e-3) -> None:
        super().__init__()
        self.ridge = ridge
        self.project_i = nn.Linear(dim_i, dim, bias=False)
        self.project_j = nn.Linear(dim_j, dim, bias=False)

    def forward(self, x_i: Tensor, x_j: Tensor) -> Tensor:
        """`(B, dim_i)` and `(B, dim_j)` -> scalar loss."""
        z_i, z_j = self.project_i(x_i).double(), self.project_j(x_j).double()
        half = torch.linalg.solve_triangular(self._root(z_i), covariance(z_i, z_j), upper=False)
        whole = torch.linalg.solve_triangular(self._root(z_j).T, half, upper=True, left=False)
        found: Tensor = torch.linalg.svdvals(whole)
        return -found.masked_fill(found.square() < _FLOOR, 0.0).sum().to(x_i.dtype)

    def _root(self, z: Tensor) -> Tensor:
        """The lower triangle L `(dim, dim)` with L Lᵀ = Σ + ridge·1."""
        ridge = self.ridge * torch.eye(z.shape[1], dtype=z.dtype, device=z.device)
        root: Tensor = torch.linalg.cholesky(covariance(z, z) + ridge)
        return root
