"""Self-attention over the tokens of all modalities, of which a pooled feature is one."""

from __future__ import annotations

from collections.abc import Mapping

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from mmbench.contracts import FusionOutput
from mmbench_fusions.presence import absent_as_zero, per_modality, presence_matrix
from mmbench_fusions.projections import Projections
from mmbench_fusions.tokens import TokenProjections
from mmbench_fusions.transformer_block import TransformerBlock

__all__ = ["EarlyTransformer", "LateTransformer"]

_HEAD_DIM = 16
_INITIAL_STD = 0.02


class LateTransformer(nn.Module):
    """Self-attention over one token per modality, read at a class token; arXiv:2512.22991.

    Each pooled feature is projected to `out_dim` and given its modality's learned embedding; absent
    modalities are masked. The weights it reports are the class token's attention to the modalities
    in the last block, averaged over heads, as shares of one.

    Args:
        heads: of attention, 16 wide each, so that `out_dim` need not be a multiple of them.
        layers: number of blocks.

    """

    def __init__(
        self,
        dims: Mapping[str, int],
        out_dim: int,
        heads: int = 4,
        layers: int = 1,
        dropout: float = 0.1,
    ) -> None:
        super().__init__()
        self.names = sorted(dims)
        self.project = Projections(dims, out_dim)
        self.modality_embedding = nn.Parameter(torch.randn(len(dims), out_dim) * _INITIAL_STD)
        self.class_token = nn.Parameter(torch.randn(1, 1, out_dim) * _INITIAL_STD)
        self.blocks = nn.ModuleList(
            TransformerBlock(out_dim, heads, _HEAD_DIM, 2 * out_dim, dropout) for _ in range(layers)
        )
        self.norm = nn.LayerNorm(out_dim)

    def forward(
        self, features: Mapping[str, Tensor], presence: Mapping[str, Tensor] | None = None
    ) -> FusionOutput:
        present = presence_matrix(features, presence, self.names)
        tokens = absent_as_zero(self.project(features) + self.modality_embedding, present)
        tokens = torch.cat([self.class_token.expand(len(tokens), -1, -1), tokens], dim=1)
        mask = F.pad(present, (1, 0), value=True)
        tokens, attention = _read_at_class_token(self.blocks, tokens, mask)
        received = attention[:, :, 0, 1:].mean(dim=1)
        shares = received / received.sum(dim=1, keepdim=True).clamp(min=1e-12)
        return FusionOutput(self.norm(tokens[:, 0]), weights=per_modality(shares, self.names))


class EarlyTransformer(nn.Module):
    """Self-attention over all tokens of all modalities, read at a class token.

    The transformer encoder of Vaswani 2017, NeurIPS, arXiv:1706.03762, before which each token is
    projected to `out_dim` and given its modality's learned embedding. What stands for the order of
    tokens is left to the encoders. The weights it reports are the class token's attention to each
    modality's tokens in the last block, averaged over heads, as shares of one.

    Args:
        heads: of attention, 16 wide each, so that `out_dim` need not be a multiple of them.
        layers: number of blocks.

    """

    def __init__(
        self,
        dims: Mapping[str, int],
        out_dim: int,
        heads: int = 2,
        layers: int = 1,
        dropout: float = 0.1,
    ) -> None:
        super().__init__()
        self.names = sorted(dims)
        self.project = TokenProjections(dims, out_dim, embedded=True)
        self.class_token = nn.Parameter(torch.randn(1, 1, out_dim) * _INITIAL_STD)
        self.blocks = nn.ModuleList(
            TransformerBlock(out_dim, heads, _HEAD_DIM, out_dim, dropout) for _ in range(layers)
        )
        self.norm = nn.LayerNorm(out_dim)

    def forward(self, tokens: Mapping[str, Tensor], masks: Mapping[str, Tensor]) -> FusionOutput:
        sequences = self.project(tokens, masks)
        x = torch.cat([self.class_token.expand(len(sequences[0]), -1, -1), *sequences], dim=1)
        mask = torch.cat([masks[name] for name in self.names], dim=1)
        mask = F.pad(mask, (1, 0), value=True)
        x, attention = _read_at_class_token(self.blocks, x, mask)
        received = attention[:, :, 0, 1:].mean(dim=1)
        lengths = [sequence.shape[1] for sequence in sequences]
        totals = torch.stack(
            [part.sum(dim=1) for part in torch.split(received, lengths, dim=1)], dim=1
        )
        shares = totals / totals.sum(dim=1, keepdim=True).clamp(min=1e-12)
        return FusionOutput(self.norm(x[:, 0]), weights=per_modality(shares, self.names))


def _read_at_class_token(blocks: nn.ModuleList, x: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
    """`x` `(B, T, D)` through all blocks, of which the last is asked for the first token alone.

    What it would make of the others is never read.

    Returns:
        `(B, 1, D)`, and the last block's attention `(B, heads, 1, T)`.

    """
    *first, last = blocks
    for block in first:
        x, _ = block(x, mask)
    read: tuple[Tensor, Tensor] = last(x, mask, asking=1)
    return read
