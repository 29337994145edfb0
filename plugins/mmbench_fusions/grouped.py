"""Layers that a group of equal networks goes through in one batched product."""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from mmbench_fusions.presence import masked_softmax

__all__ = ["GroupedBlock", "GroupedLinear", "GroupedNorm", "one_group"]


ALL = slice(None)


class GroupedLinear(nn.Module):
    """G linear layers side by side: `(G, …, in)` -> `(G, …, out)`; initialised as `nn.Linear`."""

    def __init__(self, groups: int, in_size: int, out_size: int) -> None:
        super().__init__()
        bound = 1 / math.sqrt(in_size)
        self.weight = nn.Parameter(torch.empty(groups, in_size, out_size).uniform_(-bound, bound))
        self.bias = nn.Parameter(torch.empty(groups, 1, out_size).uniform_(-bound, bound))

    def forward(self, x: Tensor, which: slice = ALL) -> Tensor:
        weighed = torch.bmm(x.flatten(1, -2), self.weight[which]) + self.bias[which]
        return weighed.reshape(*x.shape[:-1], -1)


class GroupedNorm(nn.Module):
    """G layer normalisations side by side: `(G, B, T, D)` -> the same."""

    def __init__(self, groups: int, dim: int) -> None:
        super().__init__()
        self.scale = nn.Parameter(torch.ones(groups, 1, 1, dim))
        self.shift = nn.Parameter(torch.zeros(groups, 1, 1, dim))

    def forward(self, x: Tensor, which: slice = ALL) -> Tensor:
        return F.layer_norm(x, x.shape[-1:]) * self.scale[which] + self.shift[which]


class GroupedBlock(nn.Module):
    """G pre-norm transformer blocks that attend to a context; Xiong 2020, ICML, arXiv:2002.04745.

    x + attention(norm(x), norm(context)), then x + feedforward(norm(x)), each group with weights of
    its own. Self-attention has x itself as the context. `which` names the groups that are given, so
    that sequences of different length can go through one after the other, unpadded.
    """

    def __init__(
        self, groups: int, dim: int, heads: int, head_dim: int, hidden: int, dropout: float
    ) -> None:
        super().__init__()
        self.heads, self.head_dim = heads, head_dim
        self.query_norm = GroupedNorm(groups, dim)
        self.context_norm = GroupedNorm(groups, dim)
        self.to_queries = GroupedLinear(groups, dim, heads * head_dim)
        self.to_keys_values = GroupedLinear(groups, dim, 2 * heads * head_dim)
        self.from_heads = GroupedLinear(groups, heads * head_dim, dim)
        self.attention_dropout = nn.Dropout(dropout)
        self.feedforward = nn.Sequential(
            GroupedNorm(groups, dim),
            GroupedLinear(groups, dim, hidden),
            nn.ReLU(),
            GroupedLinear(groups, hidden, dim),
            nn.Dropout(dropout),
        )

    def forward(self, x: Tensor, context: Tensor, mask: Tensor, which: slice = ALL) -> Tensor:
        """`x` `(G, B, T, D)`, `context` `(G, B, S, D)` and its `mask` `(G, B, S)` -> as `x`."""
        queries = self._split(self.to_queries(self.query_norm(x, which), which))
        read = self.to_keys_values(self.context_norm(context, which), which)
        keys, values = read.chunk(2, dim=-1)
        scores = queries @ self._split(keys).transpose(-1, -2) / math.sqrt(self.head_dim)
        attention = masked_softmax(scores, mask[:, :, None, None])
        found = (attention @ self._split(values)).transpose(2, 3).flatten(3)
        x = x + self.attention_dropout(self.from_heads(found, which))
        norm, widen, activate, narrow, dropout = self.feedforward
        attended: Tensor = x + dropout(narrow(activate(widen(norm(x, which), which)), which))
        return attended

    def _split(self, x: Tensor) -> Tensor:
        """`(G, B, T, H·d)` -> `(G, B, H, T, d)`."""
        return x.reshape(*x.shape[:-1], self.heads, self.head_dim).transpose(2, 3)


def one_group(block: nn.Module, group: int, x: Tensor, context: Tensor, mask: Tensor) -> Tensor:
    """One group of a `GroupedBlock`: `x` `(B, T, D)`, `context` `(B, S, D)`, `mask` `(B, S)` -> as `x`."""
    found: Tensor = block(x[None], context[None], mask[None], slice(group, group + 1))[0]
    return found
