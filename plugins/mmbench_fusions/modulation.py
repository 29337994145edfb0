"""Fusions in which modalities scale or shift each other's pooled features."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor, nn
from torch.linalg import vector_norm

from mmbench.contracts import FusionOutput
from mmbench_fusions.presence import (
    absent_as_zero,
    concatenated,
    known_features,
    per_modality,
    presence_matrix,
)
from mmbench_fusions.projections import Projections

__all__ = ["FiLM", "MultimodalAdaptationGate", "SqueezeGate"]


class FiLM(nn.Module):
    """x_m = (1 + γ_m(x_{m−1})) ⊙ W_m h_m + β_m(x_{m−1}), x_1 = W_1 h_1; the result is x_M.

    Feature-wise linear modulation, Perez 2018, AAAI, arXiv:1709.07871, with one modality
    conditioning the next in the order of their names; for two it is the paper's layer with linear
    γ and β. An absent modality passes on what it was given.
    """

    def __init__(self, dims: Mapping[str, int], out_dim: int) -> None:
        super().__init__()
        self.names = sorted(dims)
        self.project = Projections(dims, out_dim)
        self.modulate = nn.ModuleList(nn.Linear(out_dim, 2 * out_dim) for _ in self.names[1:])

    def forward(
        self, features: Mapping[str, Tensor], presence: Mapping[str, Tensor] | None = None
    ) -> Tensor:
        present = presence_matrix(features, presence, self.names)
        first, *others = absent_as_zero(self.project(features), present).unbind(1)
        x: Tensor = first
        for index, (modulate, h) in enumerate(zip(self.modulate, others, strict=True), start=1):
            scale, shift = modulate(x).chunk(2, dim=1)
            x = torch.where(present[:, index, None], (1 + scale) * h + shift, x)
        return x


class SqueezeGate(nn.Module):
    """h_m ⊙ σ(V_m relu(W [h_1; …; h_M])), then a linear layer on the gated features.

    The multimodal transfer module of Joze 2020, CVPR, arXiv:1911.08670, on features that are
    pooled already. The weights it reports are the gates' means, each between 0 and 1.

    Args:
        reduction: the squeezed vector is this many times shorter than all features together.

    """

    def __init__(self, dims: Mapping[str, int], out_dim: int, reduction: int = 4) -> None:
        super().__init__()
        self.names = sorted(dims)
        self.sizes = [dims[name] for name in self.names]
        total = sum(self.sizes)
        squeezed = max(1, total // reduction)
        self.squeeze = nn.Linear(total, squeezed)
        self.excite = nn.Linear(squeezed, total)
        self.project = nn.Linear(total, out_dim)

    def forward(
        self, features: Mapping[str, Tensor], presence: Mapping[str, Tensor] | None = None
    ) -> FusionOutput:
        present = presence_matrix(features, presence, self.names)
        known = concatenated(features, present, self.names)
        gates = torch.sigmoid(self.excite(torch.relu(self.squeeze(known))))
        means = torch.stack(
            [gate.mean(dim=1) for gate in torch.split(gates, self.sizes, dim=1)], dim=1
        )
        shares = means.masked_fill(~present, 0.0)
        return FusionOutput(self.project(gates * known), weights=per_modality(shares, self.names))


class MultimodalAdaptationGate(nn.Module):
    """norm(h + α·H), H = Σ_m g_m ⊙ W_m h_m + b, α = min(β‖h‖ / ‖H‖, 1), g_m = relu(V_m [h; h_m]).

    Rahman 2020, ACL, arXiv:1908.05787: h is the main modality, which the others m shift by at most
    a share β of its length. Where the main modality is absent, α is one, so that the others count.
    With one modality there is nothing to add.

    Args:
        main: the main modality, by its place in the order of the names, modulo their number.
        beta: β.

    """

    def __init__(
        self,
        dims: Mapping[str, int],
        out_dim: int,
        main: int = 0,
        beta: float = 1.0,
        dropout: float = 0.1,
    ) -> None:
        super().__init__()
        self.names = sorted(dims)
        self.main = self.names[main % len(dims)]
        self.others = [name for name in self.names if name != self.main]
        self.beta = beta
        self.project = nn.Linear(dims[self.main], out_dim)
        rest = {name: dims[name] for name in self.others}
        self.displace = Projections(rest, out_dim, bias=False) if rest else None
        joined = {name: size + out_dim for name, size in rest.items()}
        self.gate = Projections(joined, out_dim) if rest else None
        self.shift = nn.Parameter(torch.zeros(out_dim)) if rest else None
        self.norm = nn.LayerNorm(out_dim)
        self.dropout = nn.Dropout(dropout)

    def forward(
        self, features: Mapping[str, Tensor], presence: Mapping[str, Tensor] | None = None
    ) -> Tensor:
        present = presence_matrix(features, presence, self.names)
        known = known_features(features, present, self.names)
        there = present[:, self.names.index(self.main), None]
        h = self.project(known[self.main]).masked_fill(~there, 0.0)
        shifted: Tensor = self.dropout(self.norm(h + self._displacement(h, known, there)))
        return shifted

    def _displacement(self, h: Tensor, known: Mapping[str, Tensor], there: Tensor) -> Tensor:
        """α·H, `(B, D)`."""
        if self.displace is None or self.gate is None:
            return torch.zeros_like(h)
        gates = torch.relu(
            self.gate({name: torch.cat([h, known[name]], dim=1) for name in self.others})
        )
        moved: Tensor = (gates * self.displace(known)).sum(dim=1) + self.shift
        # The lower bound keeps the quotient's gradient finite where nothing is displaced.
        length = vector_norm(moved, dim=1, keepdim=True).clamp(min=1e-6)
        alpha = (self.beta * vector_norm(h, dim=1, keepdim=True) / length).clamp(max=1.0)
        return moved * torch.where(there, alpha, 1.0)
