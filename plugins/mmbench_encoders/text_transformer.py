"""The encoder of texts: a small transformer over subwords."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

from mmbench.data.preparation import InputSpec
from mmbench_encoders.masks import step_mask, zero_padding
from mmbench_encoders.shapes import expect_shape
from mmbench_encoders.transformer_block import TransformerBlock

__all__ = ["TextTransformer"]

_HEAD_DIM = 16
_INITIAL_STD = 0.02
_EMBEDDING_SCALE = 0.2
"""Adam moves every weight that has a gradient by about the learning rate, be its word common or
rare. Embeddings are read at this scale, which slows them alone: a word seen twice is not learned by
heart before the rest of the model has learned anything."""
_RESIDUAL_GAIN = 0.1
"""A block normalises its input, however small; at first it adds only this share of what it would."""


class TextTransformer(nn.Module):
    """Pre-norm transformer with learned positions: ids `(B, T)` to tokens `(B, T, dim)`.

    A few thousand texts hold many words that occur in two or three of them, and a model that learns
    those by heart is worse with the text than without it. Two things keep it from that: whole
    subwords are dropped while training (word dropout; Iyyer 2015, ACL, doi:10.3115/v1/P15-1162),
    and embeddings are read at a fifth of their size. Blocks start small and no normalisation
    follows the last one, so that a text about which little was learned stays a small feature.

    While training, what is left of a text is moved to the front and cut to the room that it needs with
    two standard deviations to spare, so that dropped subwords cost no time.

    Args:
        heads: of attention, 16 wide each.
        hidden: width of the feed-forward layer.
        layers: number of blocks.
        dropout: share of the subwords dropped.

    """

    def __init__(
        self,
        spec: InputSpec,
        dim: int,
        heads: int = 2,
        hidden: int = 32,
        layers: int = 1,
        dropout: float = 0.5,
    ) -> None:
        super().__init__()
        (length,) = expect_shape(spec, "T")
        self.embedding = nn.Embedding(spec.vocabulary, dim)
        nn.init.normal_(self.embedding.weight, std=_INITIAL_STD)
        self.positions = nn.Parameter(torch.randn(length, dim) * _INITIAL_STD)
        self.dropout = nn.Dropout(dropout)
        self.blocks = nn.ModuleList(_small_block(dim, heads, hidden) for _ in range(layers))

    def forward(self, x: Tensor, mask: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """`x` `(B, T)` ids, `mask` `(B, T)` -> tokens `(B, T', dim)`, mask `(B, T')`; T' < T in training."""
        mask = step_mask(x, mask, x.shape[1])
        positions = self.positions[: x.shape[1]]
        if self.training and self.dropout.p > 0:
            # A layer that the harness knows as random, rather than a draw of its own.
            mask = self.dropout(mask.to(positions.dtype)) > 0
            kept = mask.int().argsort(dim=1, descending=True, stable=True)[
                :, : self._room(x.shape[1])
            ]
            x, mask, positions = x.gather(1, kept), mask.gather(1, kept), positions[kept]
        tokens = _EMBEDDING_SCALE * self.embedding(x) + positions
        for block in self.blocks:
            tokens = block(tokens, mask)
        return zero_padding(tokens, mask), mask

    def _room(self, length: int) -> int:
        """How many of `length` subwords survive dropout, nearly always at most."""
        p = self.dropout.p
        return min(length, math.ceil(length * (1 - p) + 2 * math.sqrt(length * p * (1 - p))))


def _small_block(dim: int, heads: int, hidden: int) -> TransformerBlock:
    block = TransformerBlock(dim, heads, _HEAD_DIM, hidden)
    with torch.no_grad():
        for parameter in (*block.from_heads.parameters(), *block.feedforward[-1].parameters()):
            parameter.mul_(_RESIDUAL_GAIN)
    return block
