"""What losses on the second moments of a batch share."""

from __future__ import annotations

from torch import Tensor

__all__ = ["centred", "covariance", "off_diagonal"]


def centred(x: Tensor) -> Tensor:
    """`x` `(B, D)` less its mean over the batch."""
    return x - x.sum(dim=0) / max(len(x), 1)


def covariance(a: Tensor, b: Tensor) -> Tensor:
    """`(B, D)` and `(B, E)` -> `(D, E)`, divided by B − 1; zeros for fewer than two samples."""
    return centred(a).T @ centred(b) / max(len(a) - 1, 1)


def off_diagonal(matrix: Tensor) -> Tensor:
    """`(…, D, D)` with zeros on the diagonal."""
    return matrix - matrix.diagonal(dim1=-2, dim2=-1).diag_embed()
