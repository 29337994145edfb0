"""Attention through a bottleneck."""

from __future__ import annotations

from collections.abc import Mapping

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from mmbench_fusions.grouped import GroupedBlock, one_group
from mmbench_fusions.tokens import TokenProjections

__all__ = ["Bottleneck"]

_HEAD_DIM = 16
_INITIAL_STD = 0.02


class Bottleneck(nn.Module):
    """[z_m, f_m] = block_m([z_m, f]), f = mean_m f_m: modalities meet in a few tokens f only.

    Attention bottlenecks of MBT, Nagrani 2021, NeurIPS, arXiv:2107.00135. z_m is a class token of m
    and its tokens; the result is the mean of the present modalities' class tokens after the last
    layer, normalised and projected. What m says reaches the others in the layer after it was written to f, so
    that at least two layers are needed.

    Args:
        size: of a token.
        tokens: number of tokens f.
        heads: of attention, 16 wide each.
        layers: number of blocks per modality.

    """

    def __init__(
        self,
        dims: Mapping[str, int],
        out_dim: int,
        size: int = 32,
        tokens: int = 4,
        heads: int = 2,
        layers: int = 2,
        dropout: float = 0.1,
    ) -> None:
        super().__init__()
        self.names = sorted(dims)
        self.project = TokenProjections(dims, size)
        self.class_tokens = nn.Parameter(torch.randn(len(dims), 1, 1, size) * _INITIAL_STD)
        self.shared = nn.Parameter(torch.randn(1, 1, tokens, size) * _INITIAL_STD)
        self.blocks = nn.ModuleList(
            GroupedBlock(len(dims), size, heads, _HEAD_DIM, size, dropout) for _ in range(layers)
        )
        self.norm = nn.LayerNorm(size)
        self.leave = nn.Linear(size, out_dim)

    def forward(self, tokens: Mapping[str, Tensor], masks: Mapping[str, Tensor]) -> Tensor:
        classes = self.read(tokens, masks)
        present = torch.stack([masks[name].any(dim=1) for name in self.names]).to(classes)
        weights = present / present.sum(dim=0).clamp(min=1)
        fused: Tensor = self.leave(self.norm((weights.unsqueeze(2) * classes).sum(dim=0)))
        return fused

    def read(self, tokens: Mapping[str, Tensor], masks: Mapping[str, Tensor]) -> Tensor:
        """Each modality's class token after the last layer, `(M, B, size)`."""
        projected = self.project(tokens, masks)
        batch, room = len(projected[0]), self.shared.shape[2]
        states = [
            torch.cat([start.expand(batch, -1, -1), x], dim=1)
            for start, x in zip(self.class_tokens, projected, strict=True)
        ]
        # Of the class token, the modality's own tokens and the shared ones, only its own can be padding.
        real = [
            F.pad(F.pad(masks[name], (1, 0), value=True), (0, room), value=True)
            for name in self.names
        ]
        present = torch.stack([masks[name].any(dim=1) for name in self.names])
        shared = self.shared[0].expand(batch, -1, -1)
        for block in self.blocks:
            written = []
            for group, mask in enumerate(real):
                joined = torch.cat([states[group], shared], dim=1)
                joined = one_group(block, group, joined, joined, mask)
                states[group], own = joined.tensor_split([joined.shape[1] - room], dim=1)
                written.append(own)
            shared = _mean_over(torch.stack(written), present)
        return torch.stack([state[:, 0] for state in states])


def _mean_over(x: Tensor, present: Tensor) -> Tensor:
    """Mean over the present modalities: `(M, B, N, D)` and `(M, B)` -> `(B, N, D)`."""
    weight = present[:, :, None, None].to(x)
    return (x * weight).sum(dim=0) / weight.sum(dim=0).clamp(min=1)
