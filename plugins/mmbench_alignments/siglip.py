"""The contrastive loss of pairs judged one by one."""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from mmbench_alignments.pairs import cosines

__all__ = ["SigLIP"]

_SCALE = 10.0
_BIAS = -10.0


class SigLIP(nn.Module):
    """−Σ log σ(±(t·cos(z_i, z_j) + b)) / B over all pairs, + for a sample's own and − for others.

    z are projected features; t is learned from 10, as its logarithm, and b from −10. A batch of one
    has no pair to refuse and draws its own together: −log σ(t·cos + b). An empty one gives 0. Zhai
    2023, ICCV, arXiv:2303.15343.

    Args:
        dim: size of the projected features.

    """

    def __init__(self, dim_i: int, dim_j: int, dim: int = 32) -> None:
        super().__init__()
        self.project_i = nn.Linear(dim_i, dim)
        self.project_j = nn.Linear(dim_j, dim)
        self.log_scale = nn.Parameter(torch.tensor(math.log(_SCALE)))
        self.bias = nn.Parameter(torch.tensor(_BIAS))

    def forward(self, x_i: Tensor, x_j: Tensor) -> Tensor:
        """`(B, dim_i)` and `(B, dim_j)` -> scalar loss."""
        near = cosines(self.project_i(x_i), self.project_j(x_j))
        signs = 2 * torch.eye(len(near), dtype=near.dtype, device=near.device) - 1
        scores = signs * (self.log_scale.exp() * near + self.bias)
        return -F.logsigmoid(scores).sum() / max(len(near), 1)
