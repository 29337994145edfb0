"""Mixtures of experts on the concatenated features."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor, nn

from mmbench.contracts import FusionOutput
from mmbench_fusions.experts import Experts
from mmbench_fusions.presence import concatenated, masked_softmax, presence_matrix

__all__ = ["MixtureOfExperts", "TopKMixture", "largest", "load_balance"]


class MixtureOfExperts(nn.Module):
    """Σ_k g_k E_k(h), g = softmax(G h), on h = [h_1; …; h_M] with absent modalities as zeros.

    Jacobs 1991, Neural Computation, doi:10.1162/neco.1991.3.1.79. So that the gate does not starve
    experts, the squared coefficient of variation of their mean gates joins the loss as `aux`
    (Shazeer 2017, ICLR, arXiv:1701.06538).

    Args:
        experts: number of perceptrons E_k.
        hidden: width of each.
        balance: factor of the balance loss.

    """

    def __init__(
        self,
        dims: Mapping[str, int],
        out_dim: int,
        experts: int = 4,
        hidden: int = 32,
        balance: float = 0.01,
        dropout: float = 0.1,
    ) -> None:
        super().__init__()
        self.names = sorted(dims)
        self.balance = balance
        total = sum(dims.values())
        self.gate = nn.Linear(total, experts)
        self.experts = Experts(experts, total, hidden, out_dim, dropout)

    def forward(
        self, features: Mapping[str, Tensor], presence: Mapping[str, Tensor] | None = None
    ) -> FusionOutput:
        present = presence_matrix(features, presence, self.names)
        h = concatenated(features, present, self.names)
        gates = self.gate(h).softmax(dim=1)
        fused = torch.einsum("bk,bko->bo", gates, self.experts(h))
        uneven = gates.shape[1] * (gates.mean(dim=0) ** 2).sum() - 1
        return FusionOutput(fused, {"balance": self.balance * uneven} if self.training else {})


class TopKMixture(MixtureOfExperts):
    """The mixture of the k experts with the largest gates, renormalised over them.

    Sparse gating of Shazeer 2017, ICLR, arXiv:1701.06538, without its noise. The balance loss is
    K Σ_k f_k p_k of Fedus 2022, JMLR, arXiv:2101.03961: f_k is the share of choices that fell on k,
    p_k the mean gate. All experts are computed, so sparsity saves no time at these sizes.

    Args:
        experts: number of perceptrons E_k.
        chosen: k; all where there are fewer.
        hidden: width of each.
        balance: factor of the balance loss.

    """

    def __init__(
        self,
        dims: Mapping[str, int],
        out_dim: int,
        experts: int = 4,
        chosen: int = 2,
        hidden: int = 32,
        balance: float = 0.01,
        dropout: float = 0.1,
    ) -> None:
        super().__init__(dims, out_dim, experts, hidden, balance, dropout)
        self.chosen = min(chosen, experts)

    def forward(
        self, features: Mapping[str, Tensor], presence: Mapping[str, Tensor] | None = None
    ) -> FusionOutput:
        present = presence_matrix(features, presence, self.names)
        h = concatenated(features, present, self.names)
        scores = self.gate(h)
        chosen = largest(scores, self.chosen)
        gates = masked_softmax(scores, chosen)
        fused = torch.einsum("bk,bko->bo", gates, self.experts(h))
        uneven = load_balance(scores.softmax(dim=1), chosen)
        return FusionOutput(fused, {"balance": self.balance * uneven} if self.training else {})


def largest(scores: Tensor, count: int) -> Tensor:
    """Which entries of each row of `scores` `(B, K)` are its `count` largest; ties are all in."""
    least = scores.topk(count, dim=1).values[:, -1:]
    return scores >= least


def load_balance(gates: Tensor, chosen: Tensor) -> Tensor:
    """K Σ_k f_k p_k of `gates` `(B, K)` and of the choices `(B, K)`; 1 at even load."""
    choices = chosen.to(gates).sum(dim=0)
    shares = choices / choices.sum().clamp(min=1)
    return gates.shape[1] * (shares * gates.mean(dim=0)).sum()
