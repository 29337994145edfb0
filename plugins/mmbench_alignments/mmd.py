"""Two distributions, compared by kernels."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from mmbench_alignments.covariances import centred

__all__ = ["MaximumMeanDiscrepancy"]

_MULTIPLES = (0.25, 0.5, 1.0, 2.0, 4.0)
_SMALLEST_WIDTH = 1e-12


class MaximumMeanDiscrepancy(nn.Module):
    """E k(z_i, z_i') + E k(z_j, z_j') − 2 E k(z_i, z_j), means over all B² pairs: 0 or above.

    Gretton 2012, JMLR, with several kernels as Long 2015, ICML, arXiv:1502.02791. k is the mean of
    exp(−d²/(m·w)) over m = ¼, ½, 1, 2, 4, where w is the mean d² over the batch's 2B features, taken
    as a constant; these widths are this project's choice. It compares batches, not pairs: a sample
    need not be near its own other modality. One sample, or constant features, give 2 − 2 k(z_i, z_j),
    whose gradient draws the two together; the same feature twice gives 0, and so does no sample.

    Args:
        dim: size of the projected features z.

    """

    def __init__(self, dim_i: int, dim_j: int, dim: int = 32) -> None:
        super().__init__()
        self.project_i = nn.Linear(dim_i, dim)
        self.project_j = nn.Linear(dim_j, dim)

    def forward(self, x_i: Tensor, x_j: Tensor) -> Tensor:
        """`(B, dim_i)` and `(B, dim_j)` -> scalar loss."""
        size = len(x_i)
        kernel = _kernel(torch.cat([self.project_i(x_i), self.project_j(x_j)]))
        within = kernel[:size, :size].sum() + kernel[size:, size:].sum()
        return (within - 2 * kernel[:size, size:].sum()) / max(size, 1) ** 2


def _kernel(z: Tensor) -> Tensor:
    """The kernel of every pair of rows: `(N, D)` -> `(N, N)`."""
    apart = centred(z)  # distances come from products, which are exact only near the origin
    norms = apart.square().sum(dim=1)
    squares = (norms[:, None] + norms[None] - 2 * apart @ apart.T).clamp(min=0.0)
    mean = squares.detach().sum() / max(len(z) * (len(z) - 1), 1)
    scaled = squares / mean.clamp(min=_SMALLEST_WIDTH)
    return torch.stack([(-scaled / multiple).exp() for multiple in _MULTIPLES]).mean(dim=0)
