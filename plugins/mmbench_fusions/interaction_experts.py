"""Experts of interactions between modalities."""

from __future__ import annotations

from collections.abc import Mapping

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from mmbench.contracts import FusionOutput
from mmbench_fusions.experts import Experts
from mmbench_fusions.mlp import mlp
from mmbench_fusions.presence import concatenated, presence_matrix

__all__ = ["InteractionExperts"]

_MARGIN = 1.0
_SMALLEST_SQUARE = 1e-8


class InteractionExperts(nn.Module):
    """Σ_k g_k E_k(h): an expert of each modality's uniqueness, one of synergy, one of redundancy.

    I2MoE, Xin 2025, ICML, arXiv:2505.19190. g is a perceptron's softmax. With h without modality j
    (zeros, where the paper draws noise) each expert is told apart by an `aux` loss on its output:
    the uniqueness expert of i changes with i and with no other (triplet loss), the synergy expert
    changes whichever is lost (cosine), the redundancy expert never does (one minus cosine). Only
    modalities that a sample has are taken from it. With a single modality there is no interaction,
    and no such loss.

    Args:
        hidden: width of the experts and of the gate.
        interaction: factor of the experts' mean loss.

    """

    keep: Tensor

    def __init__(
        self,
        dims: Mapping[str, int],
        out_dim: int,
        hidden: int = 32,
        interaction: float = 0.1,
        dropout: float = 0.1,
    ) -> None:
        super().__init__()
        self.names = sorted(dims)
        self.interaction = interaction
        sizes = torch.tensor([dims[name] for name in self.names])
        count, total = len(dims) + 2, sum(dims.values())
        self.gate = mlp(total, hidden, count, dropout)
        self.experts = Experts(count, total, hidden, out_dim, dropout)
        owner = torch.repeat_interleave(torch.arange(len(dims)), sizes)
        keep = torch.arange(len(dims))[:, None] != owner
        self.register_buffer("keep", keep, persistent=False)

    def forward(
        self, features: Mapping[str, Tensor], presence: Mapping[str, Tensor] | None = None
    ) -> FusionOutput:
        present = presence_matrix(features, presence, self.names)
        h = concatenated(features, present, self.names)
        gates = self.gate(h).softmax(dim=1)
        if not self.training or len(self.names) == 1:
            return FusionOutput(torch.einsum("bk,bko->bo", gates, self.experts(h)))
        lost = h.unsqueeze(0).masked_fill(~self.keep.unsqueeze(1), 0.0)
        outputs = self.experts(torch.cat([h, lost.flatten(0, 1)])).unflatten(0, (-1, len(h)))
        fused = torch.einsum("bk,bko->bo", gates, outputs[0])
        loss = interaction_loss(outputs[0], outputs[1:], present)
        return FusionOutput(fused, {"interaction": self.interaction * loss})


def interaction_loss(full: Tensor, lost: Tensor, present: Tensor) -> Tensor:
    """The mean over experts of their losses.

    Args:
        full: outputs `(B, K, D)` of the experts on all modalities: M of uniqueness, one of synergy,
            one of redundancy.
        lost: `(M, B, K, D)`, on all but one modality.
        present: `(B, M)`.

    """
    modalities = len(lost)
    unique = slice(0, modalities)
    square = ((lost[:, :, unique] - full[:, unique]) ** 2).sum(dim=3) + _SMALLEST_SQUARE
    moved = square.sqrt().permute(1, 2, 0)  # (B, expert i, lost j)
    own = moved.diagonal(dim1=1, dim2=2).unsqueeze(2)
    others = ~torch.eye(modalities, dtype=torch.bool, device=full.device)
    both = present.unsqueeze(1) & present.unsqueeze(2) & others
    triplets = _mean(torch.relu(moved - own + _MARGIN), both, dim=(0, 2))
    alike = F.cosine_similarity(lost[:, :, modalities:], full[:, modalities:], dim=3)
    synergy, redundancy = _mean(alike.permute(1, 2, 0), present.unsqueeze(1), dim=(0, 2))
    total: Tensor = triplets.sum() + synergy + 1 - redundancy
    return total / (modalities + 2)


def _mean(values: Tensor, mask: Tensor, dim: tuple[int, ...]) -> Tensor:
    """Mean along `dim` over the true entries of `mask`; zero where there is none."""
    weight = mask.to(values).expand_as(values)
    return (values * weight).sum(dim=dim) / weight.sum(dim=dim).clamp(min=1)
