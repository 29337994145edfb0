"""Latents that attend to everything."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor, nn

from mmbench_fusions.grouped import GroupedBlock
from mmbench_fusions.tokens import TokenProjections
from mmbench_fusions.transformer_block import TransformerBlock

__all__ = ["Perceiver"]

_HEAD_DIM = 16
_INITIAL_STD = 0.02


class Perceiver(nn.Module):
    """Learned latents attend to the tokens of all modalities, then to each other; W times their mean.

    Jaegle 2021, ICML, arXiv:2103.03206. Tokens are given their modality's learned embedding, the
    latents read them once, and one block of self-attention per layer follows.

    Args:
        size: of a latent.
        latents: their number.
        heads: of attention, 16 wide each.
        layers: number of blocks of self-attention.

    """

    def __init__(
        self,
        dims: Mapping[str, int],
        out_dim: int,
        size: int = 32,
        latents: int = 8,
        heads: int = 2,
        layers: int = 1,
        dropout: float = 0.1,
    ) -> None:
        super().__init__()
        self.names = sorted(dims)
        self.project = TokenProjections(dims, size, embedded=True)
        self.latents = nn.Parameter(torch.randn(1, 1, latents, size) * _INITIAL_STD)
        self.read = GroupedBlock(1, size, heads, _HEAD_DIM, 2 * size, dropout)
        self.blocks = nn.ModuleList(
            TransformerBlock(size, heads, _HEAD_DIM, 2 * size, dropout) for _ in range(layers)
        )
        self.norm = nn.LayerNorm(size)
        self.leave = nn.Linear(size, out_dim)

    def forward(self, tokens: Mapping[str, Tensor], masks: Mapping[str, Tensor]) -> Tensor:
        context = torch.cat(self.project(tokens, masks), dim=1).unsqueeze(0)
        mask = torch.cat([masks[name] for name in self.names], dim=1).unsqueeze(0)
        latents = self.latents.repeat(1, context.shape[1], 1, 1)
        x = self.read(latents, context, mask).squeeze(0)
        everywhere = torch.ones(x.shape[:2], dtype=torch.bool, device=x.device)
        for block in self.blocks:
            x, _ = block(x, everywhere)
        fused: Tensor = self.leave(self.norm(x.mean(dim=1)))
        return fused
