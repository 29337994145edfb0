"""EmbraceNet."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor, nn

from mmbench_fusions.presence import absent_as_zero, presence_matrix
from mmbench_fusions.projections import Projections

__all__ = ["Embrace"]


class Embrace(nn.Module):
    """Σ_m r_m ⊙ d_m, d_m = relu(W_m h_m), each feature's r drawn from one multinomial trial.

    EmbraceNet, Choi 2019, Information Fusion, arXiv:1904.09078, whose probabilities are equal over
    the present modalities. Draws are from torch's global generator, for each sample and feature by
    itself, in training; outside it r is its expectation, and so the result is a mean.
    """

    def __init__(self, dims: Mapping[str, int], out_dim: int) -> None:
        super().__init__()
        self.names = sorted(dims)
        self.dock = Projections(dims, out_dim)

    def forward(
        self, features: Mapping[str, Tensor], presence: Mapping[str, Tensor] | None = None
    ) -> Tensor:
        present = presence_matrix(features, presence, self.names)
        docked = absent_as_zero(torch.relu(self.dock(features)), present)
        if not self.training:
            return docked.sum(dim=1) / present.sum(dim=1, keepdim=True).clamp(min=1)
        # The largest of equally distributed keys is each modality's with the same probability.
        keys = torch.rand_like(docked).masked_fill(~present.unsqueeze(-1), -1.0)
        modalities = torch.arange(len(self.names), device=keys.device)
        drawn = keys.argmax(dim=1, keepdim=True) == modalities[:, None]
        return (docked * drawn).sum(dim=1)
