"""Experts of combinations of modalities."""

from __future__ import annotations

from collections.abc import Mapping

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from mmbench.contracts import FusionOutput
from mmbench.errors import NotApplicable
from mmbench_fusions.experts import Experts
from mmbench_fusions.mixtures import largest, load_balance
from mmbench_fusions.presence import absent_as_zero, masked_softmax, presence_matrix
from mmbench_fusions.projections import Projections

__all__ = ["MissingExperts"]

_MOST_MODALITIES = 8
_INITIAL_STD = 0.02


class MissingExperts(nn.Module):
    """Σ_{k in top} g_k E_k(x), g = softmax over the top of G x, one expert per set of modalities.

    Flex-MoE, Yun 2024, NeurIPS, arXiv:2410.08245. x are the projected features, where a learned
    vector for (which modalities are there, which is not) stands for an absent one. The router's
    losses are `aux`: samples with all modalities train every expert at even load, a sample that
    lacks some is sent to the expert of those it has (cross-entropy).

    Args:
        size: of a projected modality.
        hidden: width of each expert.
        chosen: number of experts a sample is given to.
        routing: factor of the router's losses.

    Raises:
        NotApplicable: for more than eight modalities, that is more than 255 experts.

    """

    def __init__(
        self,
        dims: Mapping[str, int],
        out_dim: int,
        size: int = 16,
        hidden: int = 16,
        chosen: int = 2,
        routing: float = 0.01,
        dropout: float = 0.1,
    ) -> None:
        super().__init__()
        self.names = sorted(dims)
        count = len(dims)
        if count > _MOST_MODALITIES:
            raise NotApplicable(
                f"Expected at most {_MOST_MODALITIES} modalities, since every combination has an expert. "
                f"Found {count}. Use top_k_mixture."
            )
        self.routing = routing
        self.chosen = min(chosen, 2**count - 1)
        self.project = Projections(dims, size)
        self.bank = nn.Parameter(torch.randn(2**count, count, size) * _INITIAL_STD)
        self.router = nn.Linear(count * size, 2**count - 1)
        self.experts = Experts(2**count - 1, count * size, hidden, out_dim, dropout)

    def forward(
        self, features: Mapping[str, Tensor], presence: Mapping[str, Tensor] | None = None
    ) -> FusionOutput:
        present = presence_matrix(features, presence, self.names)
        code = combination(present)
        known = absent_as_zero(self.project(features), present)
        x = (known + absent_as_zero(self.bank[code], ~present)).flatten(1)
        scores = self.router(x)
        chosen = largest(scores, self.chosen)
        fused = torch.einsum("bk,bko->bo", masked_softmax(scores, chosen), self.experts(x))
        if not self.training:
            return FusionOutput(fused)
        return FusionOutput(fused, {"routing": self.routing * _routing(scores, chosen, code)})


def combination(present: Tensor) -> Tensor:
    """Σ_m present_m 2^m of `(B, M)`: 0 where nothing is present, 2^M − 1 where everything is."""
    places = torch.arange(present.shape[1], device=present.device)
    return (present * 2**places).sum(dim=1)


def _routing(scores: Tensor, chosen: Tensor, code: Tensor) -> Tensor:
    """Balance over complete samples, plus cross-entropy of the others' combination."""
    complete = (code == scores.shape[1]).unsqueeze(1)
    loads = complete.to(scores)
    # Where no sample is complete both shares are zero, and so is the balance.
    gates = scores.softmax(dim=1) * loads
    balance = load_balance(gates, chosen & complete) * len(scores) / loads.sum().clamp(min=1)
    expected = F.cross_entropy(scores, (code - 1).clamp(min=0), reduction="none")
    partial = ((code > 0) & (code < scores.shape[1])).to(scores)
    return balance + (expected * partial).sum() / partial.sum().clamp(min=1)
