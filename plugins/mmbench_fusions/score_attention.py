"""Attention with scores for each pair of modalities on their own."""

from __future__ import annotations

import math
from collections.abc import Mapping
from itertools import product

import torch
from torch import Tensor, nn

from mmbench.contracts import FusionOutput
from mmbench.errors import BadParameter
from mmbench_fusions.presence import masked_softmax, per_modality
from mmbench_fusions.tokens import TokenProjections, masked_mean

__all__ = ["ScoreAttention"]

_AGGREGATES = ("mean", "learned")


class ScoreAttention(nn.Module):
    """W Σ_{a≠b} v_ab · mean_t softmax(Q_a K_bᵀ / √d) V_b, the scores of each pair on their own.

    Scaled dot products of Vaswani 2017, NeurIPS, arXiv:1706.03762. The contexts of the ordered pairs
    whose modalities are both present are averaged with equal weights v, or with a softmax of
    learned scores. A modality that stands alone in its sample attends to itself. The weights it
    reports are, for each modality, those of the pairs in which it is attended to.

    Args:
        aggregate: `mean` or `learned`.

    """

    def __init__(self, dims: Mapping[str, int], out_dim: int, aggregate: str = "learned") -> None:
        super().__init__()
        if aggregate not in _AGGREGATES:
            raise BadParameter(
                f"Expected aggregate to be one of {', '.join(_AGGREGATES)}. Found {aggregate!r}."
            )
        self.names = sorted(dims)
        self.size = out_dim
        self.to_queries_keys_values = TokenProjections(dims, 3 * out_dim)
        count = len(dims)
        learned = aggregate == "learned" and count > 1
        self.scores = nn.Parameter(torch.zeros(count, count)) if learned else None
        self.project = nn.Linear(out_dim, out_dim)

    def forward(self, tokens: Mapping[str, Tensor], masks: Mapping[str, Tensor]) -> FusionOutput:
        split = [x.chunk(3, dim=-1) for x in self.to_queries_keys_values(tokens, masks)]
        mask = [masks[name] for name in self.names]
        pairs = product(range(len(self.names)), repeat=2)
        contexts = [
            self._context(split[a][0], split[b][1], split[b][2], mask[a], mask[b]) for a, b in pairs
        ]
        weights = self._pair_weights(torch.stack([real.any(dim=1) for real in mask], dim=1))
        fused = self.project(
            (weights.flatten(1).unsqueeze(2) * torch.stack(contexts, dim=1)).sum(1)
        )
        return FusionOutput(fused, weights=per_modality(weights.sum(dim=1), self.names))

    def _context(
        self, queries: Tensor, keys: Tensor, values: Tensor, asking: Tensor, asked: Tensor
    ) -> Tensor:
        """What one modality finds in another, `(B, D)`: the mean over its real tokens."""
        scores = queries @ keys.transpose(1, 2) / math.sqrt(self.size)
        return masked_mean(masked_softmax(scores, asked[:, None]) @ values, asking)

    def _pair_weights(self, present: Tensor) -> Tensor:
        """`(B, M)` -> v, `(B, M, M)`, a distribution over the pairs."""
        count = present.shape[1]
        alone = present.sum(dim=1)[:, None, None] == 1
        same = torch.eye(count, dtype=torch.bool, device=present.device)
        pairs = present.unsqueeze(2) & present.unsqueeze(1) & (same == alone)
        zeros = torch.zeros(count, count, dtype=self.project.weight.dtype, device=present.device)
        scores = zeros if self.scores is None else self.scores
        weights = masked_softmax(scores.flatten().expand(len(present), -1), pairs.flatten(1))
        return weights.reshape(-1, count, count)
