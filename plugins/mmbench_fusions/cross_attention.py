"""Crossmodal transformers of every ordered pair of modalities."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import permutations

import torch
from torch import Tensor, nn

from mmbench_fusions.grouped import GroupedBlock, one_group
from mmbench_fusions.tokens import TokenProjections, masked_mean

__all__ = ["CrossAttention"]

_HEAD_DIM = 16


class CrossAttention(nn.Module):
    """W [mean_t Z_ab; …]: tokens of a attend to those of b, for every ordered pair a ≠ b.

    MulT, Tsai 2019, ACL, arXiv:1906.00295: Z_ab starts as x_a, and each layer adds
    softmax(Q_ab K_abᵀ / √d) V_ab with keys and values from x_b, then a feedforward layer. A mean over
    the steps stands for the paper's second transformer over time. Where b is absent nothing is added
    to x_a; where a is absent, Z_ab is zero. A single modality attends to itself.

    Args:
        size: of a token.
        heads: of attention, 16 wide each.
        layers: number of blocks per pair.

    """

    def __init__(
        self,
        dims: Mapping[str, int],
        out_dim: int,
        size: int = 32,
        heads: int = 2,
        layers: int = 1,
        dropout: float = 0.1,
    ) -> None:
        super().__init__()
        self.names = sorted(dims)
        self.project = TokenProjections(dims, size)
        pairs = list(permutations(range(len(dims)), 2)) or [(0, 0)]
        self.reading, self.read = [a for a, _ in pairs], [b for _, b in pairs]
        self.blocks = nn.ModuleList(
            GroupedBlock(len(pairs), size, heads, _HEAD_DIM, 2 * size, dropout)
            for _ in range(layers)
        )
        self.leave = nn.Linear(len(pairs) * size, out_dim)

    def forward(self, tokens: Mapping[str, Tensor], masks: Mapping[str, Tensor]) -> Tensor:
        x = self.project(tokens, masks)
        mask = [masks[name] for name in self.names]
        pooled = []
        for pair, (a, b) in enumerate(zip(self.reading, self.read, strict=True)):
            z = x[a]
            for block in self.blocks:
                z = one_group(block, pair, z, x[b], mask[b])
            pooled.append(masked_mean(z, mask[a]))
        fused: Tensor = self.leave(torch.cat(pooled, dim=1))
        return fused
