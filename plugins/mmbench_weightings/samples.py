"""Means over the samples that have a modality."""

from __future__ import annotations

import torch
from torch import Tensor

from mmbench.data.part import Part

__all__ = ["counted", "mean_of"]


def counted(batch: Part, modality: str, like: Tensor) -> Tensor:
    """How much each sample counts for a modality: its weight, 0 where the modality is absent; (B,)."""
    weights = like.new_ones(len(batch)) if batch.weights is None else batch.weights.to(like.dtype)
    return weights * batch.present[modality] if modality in batch.present else weights


def mean_of(values: Tensor, counts: Tensor) -> Tensor:
    """Mean of (B,) or, by row, of (B, D) values; 0 where no sample counts."""
    total = counts.sum()
    # A total of 1 in place of 0: the gradient divides by it too, and infinity times 0 is NaN.
    return counts @ values / torch.where(total > 0, total, torch.ones_like(total))
