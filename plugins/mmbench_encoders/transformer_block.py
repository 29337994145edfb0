"""One block of a pre-norm transformer that honours a mask and can be vectorised over models."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

__all__ = ["TransformerBlock"]


class TransformerBlock(nn.Module):
    """x + attention(norm(x)), then x + feedforward(norm(x)); Xiong 2020, ICML, arXiv:2002.04745.

    The heads' size does not depend on `dim`, so attention can be narrower than the stream it reads.
    Attention is spelled as plain products: at these sizes they were as fast as the fused kernel,
    alone and under `vmap`.
    """

    def __init__(self, dim: int, heads: int, head_dim: int, hidden: int) -> None:
        super().__init__()
        self.heads, self.head_dim = heads, head_dim
        self.attention_norm = nn.LayerNorm(dim)
        self.to_queries_keys_values = nn.Linear(dim, 3 * heads * head_dim)
        self.from_heads = nn.Linear(heads * head_dim, dim)
        self.feedforward = nn.Sequential(
            nn.LayerNorm(dim),
            nn.Linear(dim, hidden),
            nn.ReLU(),
            nn.Linear(hidden, dim),
        )

    def forward(self, x: Tensor, mask: Tensor) -> Tensor:
        """`x` `(B, T, dim)`, `mask` `(B, T)` -> `(B, T, dim)`; a wholly masked row stays finite."""
        x = x + self._attend(self.attention_norm(x), mask)
        out: Tensor = x + self.feedforward(x)
        return out

    def _attend(self, x: Tensor, mask: Tensor) -> Tensor:
        split = self.to_queries_keys_values(x).reshape(*x.shape[:2], 3, self.heads, self.head_dim)
        queries, keys, values = split.permute(2, 0, 3, 1, 4).unbind(0)
        scores = queries @ keys.transpose(-1, -2) / math.sqrt(self.head_dim)
        # The least finite number, not -inf: a row with nothing to attend to must not become NaN.
        scores = scores.masked_fill(~mask[:, None, None], torch.finfo(x.dtype).min)
        context = scores.softmax(dim=-1) @ values
        out: Tensor = self.from_heads(context.transpose(1, 2).flatten(2))
        return out
