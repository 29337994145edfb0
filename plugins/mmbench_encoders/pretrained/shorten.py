"""Long sequences of tokens to short ones."""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import Tensor

__all__ = ["shorten", "shorten_grid"]


def shorten(tokens: Tensor, mask: Tensor, count: int) -> tuple[Tensor, Tensor]:
    """Averages over at most `count` equal spans of each sample's real tokens.

    Tokens that straddle two spans count for both, by their share, so that the mean over the spans is
    the mean over the tokens. A sample with no more than `count` keeps its tokens.

    Args:
        tokens: `(B, T, D)`.
        mask: `(B, T)`, true on real tokens.
        count: tokens to keep, at most.

    Returns:
        Tokens `(B, T', D)` and mask `(B, T')`, with T' = min(T, count).

    """
    if tokens.shape[1] <= count:
        return tokens, mask
    real = mask.sum(dim=1, keepdim=True)
    spans = real.clamp(min=1, max=count)
    width = (real.to(tokens.dtype) / spans).unsqueeze(-1)
    steps = torch.arange(count, device=mask.device)
    start = steps[:, None] * width
    end = mask.cumsum(dim=1).unsqueeze(1)
    overlap = torch.minimum(end, start + width) - torch.maximum(end - 1, start)
    share = overlap.clamp(min=0) * mask.unsqueeze(1) / width.clamp(min=1)
    kept = (steps < spans) & mask.any(dim=1, keepdim=True)
    return (share @ tokens).masked_fill(~kept.unsqueeze(-1), 0.0), kept


def shorten_grid(tokens: Tensor, count: int) -> Tensor:
    """Averages over the cells of a square grid, of at most `count` cells: `(B, T, D)` -> `(B, T', D)`.

    Tokens are the patches of a square image, row by row, behind those without a place, such as the
    class token, which are kept.
    """
    side, small = math.isqrt(tokens.shape[1]), math.isqrt(count)
    if side <= small:
        return tokens
    before = tokens.shape[1] - side * side
    patches = tokens[:, before:].transpose(1, 2).reshape(len(tokens), -1, side, side)
    cells = F.adaptive_avg_pool2d(patches, small).flatten(2).transpose(1, 2)
    return torch.cat([tokens[:, :before], cells], dim=1)
