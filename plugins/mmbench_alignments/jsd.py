"""The divergence of what two modalities predict."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

__all__ = ["JensenShannon"]


class JensenShannon(nn.Module):
    """Mean of ½ KL(p_i‖m) + ½ KL(p_j‖m), m = (p_i + p_j)/2, in nats: from 0 to ln 2.

    p are the softmax of the modalities' predictions where they are given with more than one column,
    else of the features themselves; where those differ in size, x_j is projected to the size of x_i.
    A batch of one is a mean like any other; an empty one gives 0. Lin 1991, IEEE Transactions on
    Information Theory. That columns of several labels or of real targets go through a softmax too
    is this project's choice: what a column means is not known here.
    """

    def __init__(self, dim_i: int, dim_j: int) -> None:
        super().__init__()
        self.project_j = nn.Identity() if dim_i == dim_j else nn.Linear(dim_j, dim_i)

    def forward(
        self,
        x_i: Tensor,
        x_j: Tensor,
        logits_i: Tensor | None = None,
        logits_j: Tensor | None = None,
    ) -> Tensor:
        """`(B, dim_i)`, `(B, dim_j)` and predictions `(B, C)` -> scalar loss."""
        if logits_i is None or logits_j is None or logits_i.shape[1] == 1:
            logits_i, logits_j = x_i, self.project_j(x_j)
        log_p, log_q = logits_i.log_softmax(dim=1), logits_j.log_softmax(dim=1)
        log_mean = torch.logaddexp(log_p, log_q) - math.log(2)
        found = log_p.exp() * (log_p - log_mean) + log_q.exp() * (log_q - log_mean)
        return found.sum() / (2 * max(len(x_i), 1))
