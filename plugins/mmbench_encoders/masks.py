"""Step masks: true on real steps, false on padding."""

from __future__ import annotations

import torch
from torch import Tensor

__all__ = ["masked", "step_mask", "zero_padding"]


def masked(tokens: Tensor, mask: Tensor | None) -> tuple[Tensor, Tensor]:
    """`tokens` `(B, T, D)`, zero on padding, and their mask `(B, T)`, from the mask of what they stand for."""
    found = step_mask(tokens, mask, tokens.shape[1])
    return tokens if mask is None else zero_padding(tokens, found), found


def step_mask(x: Tensor, mask: Tensor | None, steps: int) -> Tensor:
    """`(B, steps)`: the mask itself, all true where there is none.

    A mask of another length than `steps` belongs to an input without a time axis of its own: a
    sample's tokens are all real where any of its mask is.
    """
    if mask is None:
        return torch.ones(x.shape[0], steps, dtype=torch.bool, device=x.device)
    if mask.shape[1] == steps:
        return mask
    return mask.any(dim=1, keepdim=True).expand(-1, steps)


def zero_padding(values: Tensor, mask: Tensor) -> Tensor:
    """`values` `(B, T, D)`, zero where `mask` `(B, T)` is false, whatever stood there."""
    return values.masked_fill(~mask.unsqueeze(-1), 0.0)
