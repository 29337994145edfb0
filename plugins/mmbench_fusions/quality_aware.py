"""Decisions weighted by their energy."""

from __future__ import annotations

from collections.abc import Mapping

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from mmbench.contracts import FusionOutput
from mmbench_fusions.presence import absent_as_zero, per_modality, presence_matrix

__all__ = ["QualityAware"]

_INITIAL_SLOPE = 0.1


class QualityAware(nn.Module):
    """Σ_m w_m z_m, w_m = α · logsumexp(z_m) + β, α > 0.

    QMF, Zhang 2023, ICML, arXiv:2306.02050: a modality counts less where its energy −logsumexp(z_m)
    is high, that is where it is uncertain. α = softplus(a) and β are learned, so that the sign the
    paper's theorem needs is kept. The paper's regulariser, which ranks samples by their losses over
    past epochs, is left out: a fusion does not know which sample it sees. The weights it reports are
    the w_m, which do not sum to one and can be negative.
    """

    def __init__(self, dims: Mapping[str, int], out_dim: int) -> None:
        super().__init__()
        self.names = sorted(dims)
        self.slope = nn.Parameter(torch.tensor(_INITIAL_SLOPE).expm1().log())
        self.offset = nn.Parameter(torch.tensor(1.0 / len(dims)))

    def forward(
        self, logits: Mapping[str, Tensor], presence: Mapping[str, Tensor] | None = None
    ) -> FusionOutput:
        present = presence_matrix(logits, presence, self.names)
        stacked = absent_as_zero(torch.stack([logits[name] for name in self.names], dim=1), present)
        weights = F.softplus(self.slope) * stacked.logsumexp(dim=2) + self.offset
        weights = weights.masked_fill(~present, 0.0)
        fused = (weights.unsqueeze(-1) * stacked).sum(dim=1)
        return FusionOutput(fused, weights=per_modality(weights, self.names))
