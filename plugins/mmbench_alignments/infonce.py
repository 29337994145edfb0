"""The contrastive loss between two modalities."""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn

__all__ = ["InfoNCE"]

_TEMPERATURE = 0.07
_MAX_SCALE = 100.0


class InfoNCE(nn.Module):
    """Mean of the cross-entropies of s·z_i z_jᵀ along rows and along columns.

    z are projected features of norm one; the scale s is learned from 1/0.07 and capped at 100. A
    batch of one has nothing to tell apart, and an empty one nothing at all: both give 0. van den
    Oord 2018, arXiv:1807.03748; symmetric as in Radford 2021, ICML, arXiv:2103.00020.

    Args:
        dim: size of the projected features.

    """

    def __init__(self, dim_i: int, dim_j: int, dim: int = 32) -> None:
        super().__init__()
        self.project_i = nn.Linear(dim_i, dim)
        self.project_j = nn.Linear(dim_j, dim)
        self.log_scale = nn.Parameter(torch.tensor(math.log(1 / _TEMPERATURE)))

    def forward(self, x_i: Tensor, x_j: Tensor) -> Tensor:
        """`(B, dim_i)` and `(B, dim_j)` -> scalar loss."""
        z_i = F.normalize(self.project_i(x_i), dim=1)
        z_j = F.normalize(self.project_j(x_j), dim=1)
        logits = self.log_scale.exp().clamp(max=_MAX_SCALE) * z_i @ z_j.T
        found = logits.log_softmax(dim=1).diagonal() + logits.log_softmax(dim=0).diagonal()
        return -found.sum() / (2 * max(len(x_i), 1))
