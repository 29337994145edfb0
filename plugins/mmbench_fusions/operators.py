"""Operators on pooled features: `{m: (B, D_m)}` -> `(B, out_dim)`."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor, nn

from mmbench.contracts import FusionOutput
from mmbench_fusions.mlp import mlp
from mmbench_fusions.presence import (
    absent_as_zero,
    known_features,
    masked_softmax,
    per_modality,
    presence_matrix,
    product_over_present,
)
from mmbench_fusions.projections import Projections

__all__ = ["Concat", "Gated", "Max", "Mean", "Product", "Sum", "WeightedMean"]


class Concat(nn.Module):
    """MLP([h_1; …; h_M])."""

    def __init__(
        self, dims: Mapping[str, int], out_dim: int, hidden: int = 64, dropout: float = 0.1
    ) -> None:
        super().__init__()
        self.names = sorted(dims)
        self.body = mlp(sum(dims.values()), hidden, out_dim, dropout)

    def forward(self, features: Mapping[str, Tensor]) -> Tensor:
        fused: Tensor = self.body(torch.cat([features[name] for name in self.names], dim=1))
        return fused


class _Elementwise(nn.Module):
    """An operator on features projected to one size, of which absent ones are left out."""

    def __init__(self, dims: Mapping[str, int], out_dim: int) -> None:
        super().__init__()
        self.names = sorted(dims)
        self.project = Projections(dims, out_dim)

    def forward(
        self, features: Mapping[str, Tensor], presence: Mapping[str, Tensor] | None = None
    ) -> Tensor:
        present = presence_matrix(features, presence, self.names)
        return self.combine(absent_as_zero(self.project(features), present), present)

    def combine(self, projected: Tensor, present: Tensor) -> Tensor:
        """`projected` `(B, M, D)`, zero where `present` `(B, M)` is false -> `(B, D)`."""
        raise NotImplementedError


class Sum(_Elementwise):
    """Σ_m W_m h_m over present modalities."""

    def combine(self, projected: Tensor, present: Tensor) -> Tensor:
        return projected.sum(dim=1)


class Mean(_Elementwise):
    """1/M Σ_m W_m h_m over the M present modalities; zeros where none is."""

    def combine(self, projected: Tensor, present: Tensor) -> Tensor:
        return projected.sum(dim=1) / present.sum(dim=1, keepdim=True).clamp(min=1)


class Max(_Elementwise):
    """max_m W_m h_m, elementwise over present modalities; zeros where none is."""

    def combine(self, projected: Tensor, present: Tensor) -> Tensor:
        least = torch.finfo(projected.dtype).min
        highest = projected.masked_fill(~present.unsqueeze(-1), least).amax(dim=1)
        return highest.masked_fill(~present.any(dim=1, keepdim=True), 0.0)


class Product(_Elementwise):
    """⊙_m W_m h_m over present modalities; ones where none is.

    Biases start at one, so that a product of many factors starts near one and not near zero.
    """

    def __init__(self, dims: Mapping[str, int], out_dim: int) -> None:
        super().__init__(dims, out_dim)
        self.project = Projections(dims, out_dim, initial_bias=1.0)

    def combine(self, projected: Tensor, present: Tensor) -> Tensor:
        return product_over_present(projected, present)


class WeightedMean(nn.Module):
    """Σ_m softmax(a)_m W_m h_m with learned a, renormalised over present modalities."""

    def __init__(self, dims: Mapping[str, int], out_dim: int) -> None:
        super().__init__()
        self.names = sorted(dims)
        self.project = Projections(dims, out_dim)
        self.scores = nn.Parameter(torch.zeros(len(dims)))

    def forward(
        self, features: Mapping[str, Tensor], presence: Mapping[str, Tensor] | None = None
    ) -> FusionOutput:
        present = presence_matrix(features, presence, self.names)
        weights = masked_softmax(self.scores.expand(present.shape), present)
        projected = absent_as_zero(self.project(features), present)
        fused = (weights.unsqueeze(-1) * projected).sum(dim=1)
        return FusionOutput(fused, weights=per_modality(weights, self.names))


class Gated(nn.Module):
    """Gated multimodal unit: Σ_m z_m ⊙ tanh(W_m h_m), z_m = σ(V_m [h_1; …; h_M]).

    Arevalo 2017, ICLR workshop, arXiv:1702.01992, as the paper states it for more than two
    modalities and without biases; for two it ties the gates, z_2 = 1 − z_1, which this does not.
    The weights it reports are the gates' means over features, each between 0 and 1.
    """

    def __init__(self, dims: Mapping[str, int], out_dim: int) -> None:
        super().__init__()
        self.names = sorted(dims)
        self.project = Projections(dims, out_dim, bias=False)
        self.gate = nn.Linear(sum(dims.values()), len(dims) * out_dim, bias=False)

    def forward(
        self, features: Mapping[str, Tensor], presence: Mapping[str, Tensor] | None = None
    ) -> FusionOutput:
        present = presence_matrix(features, presence, self.names)
        known = known_features(features, present, self.names)
        values = torch.tanh(self.project(known))
        scores = self.gate(torch.cat([known[name] for name in self.names], dim=1))
        gates = absent_as_zero(torch.sigmoid(scores.reshape(values.shape)), present)
        return FusionOutput(
            (gates * values).sum(dim=1), weights=per_modality(gates.mean(dim=2), self.names)
        )
