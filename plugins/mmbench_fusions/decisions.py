"""Fusions of decisions: `{m: (B, C)}` logits -> `(B, C)`, the prediction."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor, nn

from mmbench.contracts import FusionOutput
from mmbench_fusions.presence import absent_as_zero, per_modality, presence_matrix

__all__ = ["LateAverage"]


class LateAverage(nn.Module):
    """1/M Σ_m z_m over the M present modalities; zeros where none is."""

    def __init__(self, dims: Mapping[str, int], out_dim: int) -> None:
        super().__init__()
        self.names = sorted(dims)

    def forward(
        self, logits: Mapping[str, Tensor], presence: Mapping[str, Tensor] | None = None
    ) -> FusionOutput:
        present = presence_matrix(logits, presence, self.names)
        stacked = torch.stack([logits[name] for name in self.names], dim=1)
        weights = present.to(stacked) / present.sum(dim=1, keepdim=True).clamp(min=1)
        fused = (weights.unsqueeze(-1) * absent_as_zero(stacked, present)).sum(dim=1)
        return FusionOutput(fused, weights=per_modality(weights, self.names))
