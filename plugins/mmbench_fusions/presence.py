"""Which modalities a sample has, and arithmetic that leaves the others out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import reduce

import torch
from torch import Tensor

__all__ = [
    "absent_as_zero",
    "concatenated",
    "known_features",
    "masked_softmax",
    "per_modality",
    "presence_matrix",
    "product_over_present",
]


def presence_matrix(
    values: Mapping[str, Tensor], presence: Mapping[str, Tensor] | None, names: Sequence[str]
) -> Tensor:
    """`{m: (B,) bool}` -> `(B, M)` bool in the order of `names`; all true where there is none."""
    if presence is None:
        first = values[names[0]]
        return torch.ones(len(first), len(names), dtype=torch.bool, device=first.device)
    return torch.stack([presence[name] for name in names], dim=1)


def absent_as_zero(values: Tensor, present: Tensor) -> Tensor:
    """`values` `(B, M, D)`, zero where `present` `(B, M)` is false, whatever stood there."""
    return values.masked_fill(~present.unsqueeze(-1), 0.0)


def known_features(
    features: Mapping[str, Tensor], present: Tensor, names: Sequence[str]
) -> dict[str, Tensor]:
    """`{m: (B, D_m)}` in the order of `names`, zero where `present` `(B, M)` is false."""
    return {
        name: features[name].masked_fill(~present[:, index, None], 0.0)
        for index, name in enumerate(names)
    }


def concatenated(features: Mapping[str, Tensor], present: Tensor, names: Sequence[str]) -> Tensor:
    """[h_1; …; h_M] `(B, ΣD)`, zero where `present` `(B, M)` is false."""
    return torch.cat(list(known_features(features, present, names).values()), dim=1)


def product_over_present(values: Tensor, present: Tensor) -> Tensor:
    """Elementwise product of `values` `(B, M, …)` over the true entries of `present` `(B, M)`.

    Written out, since the backward pass of `Tensor.prod` branches on zeros, which `vmap` refuses.
    """
    there = present.reshape(*present.shape, *[1] * (values.ndim - 2))
    return reduce(torch.mul, values.masked_fill(~there, 1.0).unbind(1))


def masked_softmax(scores: Tensor, mask: Tensor) -> Tensor:
    """Softmax along the last axis over the true entries of `mask`; zeros where none is."""
    least = torch.finfo(scores.dtype).min
    weights = scores.masked_fill(~mask, least).softmax(dim=-1)
    return weights.masked_fill(~mask, 0.0)


def per_modality(weights: Tensor, names: Sequence[str]) -> dict[str, Tensor]:
    """`(B, M)` -> `{m: (B,)}`."""
    return dict(zip(names, weights.unbind(dim=1), strict=True))
