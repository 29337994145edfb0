"""What losses that tell pairs apart share: cosines, which samples count as one, cross-entropy."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

__all__ = ["contrast", "cosines", "same_targets"]


def cosines(a: Tensor, b: Tensor) -> Tensor:
    """The cosine of every row of `a` `(B, D)` with every row of `b` `(B, D)`: `(B, B)`."""
    return F.normalize(a, dim=1) @ F.normalize(b, dim=1).T


def same_targets(x: Tensor, targets: Tensor | None) -> Tensor:
    """`(B, B)` bool: the samples of `x` `(B, D)` that agree in every column of their targets.

    A sample agrees with itself at least, and with no other where there are no targets.
    """
    own = torch.eye(len(x), dtype=torch.bool, device=x.device)
    if targets is None:
        return own
    rows = targets if targets.ndim > 1 else targets[:, None]
    return own | (rows[:, None] == rows[None]).all(dim=2)


def contrast(scores: Tensor, positives: Tensor, candidates: Tensor | None = None) -> Tensor:
    """Mean over rows of −log softmax(scores), itself a mean over the row's `positives`.

    All are `(B, B)`; the softmax is over the row's `candidates`, which hold its positives, or over
    all columns. Zero for no row.
    """
    if candidates is not None:
        scores = scores.masked_fill(~candidates, float("-inf"))
    found = scores.log_softmax(dim=1).masked_fill(~positives, 0.0)
    return -(found.sum(dim=1) / positives.sum(dim=1)).sum() / max(len(scores), 1)
