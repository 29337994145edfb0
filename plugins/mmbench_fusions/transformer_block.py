"""One block of a pre-norm transformer that honours a mask and shows where it attended."""

from __future__ import annotations

import math

from torch import Tensor, nn

from mmbench_fusions.presence import masked_softmax

__all__ = ["TransformerBlock"]


class TransformerBlock(nn.Module):
    """x + attention(norm(x)), then x + feedforward(norm(x)); Xiong 2020, ICML, arXiv:2002.04745.

    Attention is spelled as plain products, since the fused kernels do not return their weights.
    """

    def __init__(self, dim: int, heads: int, head_dim: int, hidden: int, dropout: float) -> None:
        super().__init__()
        self.heads, self.head_dim = heads, head_dim
        self.attention_norm = nn.LayerNorm(dim)
        self.to_queries_keys_values = nn.Linear(dim, 3 * heads * head_dim)
        self.from_heads = nn.Linear(heads * head_dim, dim)
        self.attention_dropout = nn.Dropout(dropout)
        self.feedforward = nn.Sequential(
            nn.LayerNorm(dim),
            nn.Linear(dim, hidden),
            nn.ReLU(),
            nn.Linear(hidden, dim),
            nn.Dropout(dropout),
        )

    def forward(self, x: Tensor, mask: Tensor, asking: int | None = None) -> tuple[Tensor, Tensor]:
        """`x` `(B, T, dim)`, `mask` `(B, T)` -> `(B, A, dim)` and attention `(B, heads, A, T)`.

        The first A tokens, `asking`, attend to all and are what comes out; by default every token does.
        """
        split = self.to_queries_keys_values(self.attention_norm(x))
        split = split.reshape(*x.shape[:2], 3, self.heads, self.head_dim)
        queries, keys, values = split.permute(2, 0, 3, 1, 4).unbind(0)
        asked = queries[:, :, :asking] / math.sqrt(self.head_dim)
        scores = _product(asked, keys.transpose(-1, -2))
        attention = masked_softmax(scores, mask[:, None, None])
        context = _product(attention, values).transpose(1, 2).flatten(2)
        x = x[:, :asking] + self.attention_dropout(self.from_heads(context))
        return x + self.feedforward(x), attention


def _product(a: Tensor, b: Tensor) -> Tensor:
    """`a @ b`; where `a` has one row, as a sum: thousands of products of a row each take twice as long."""
    if a.shape[-2] > 1:
        return a @ b
    return (a.transpose(-1, -2) * b).sum(dim=-2, keepdim=True)
