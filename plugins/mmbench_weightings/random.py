"""Weights drawn anew for every batch."""

from __future__ import annotations

import torch
from torch import Tensor

from mmbench_weightings.scalar import Scalar

__all__ = ["Random"]


class Random(Scalar):
    """Random loss weighting: Σ a c L with a = softmax(z), z ~ N(0, I) drawn for each batch.

    Lin 2022, TMLR, arXiv:2111.10603. The factors sum to 1, as in the paper; AdamW does not see a constant
    scale. One backward pass.
    """

    def factors(self, losses: Tensor) -> Tensor:
        return torch.randn_like(losses).softmax(dim=0)
