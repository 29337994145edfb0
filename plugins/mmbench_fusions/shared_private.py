"""Subspaces that modalities share, and subspaces of their own."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import combinations

import torch
from torch import Tensor, nn

from mmbench.contracts import FusionOutput
from mmbench_fusions.grouped import GroupedLinear
from mmbench_fusions.presence import absent_as_zero, presence_matrix
from mmbench_fusions.projections import Projections
from mmbench_fusions.transformer_block import TransformerBlock

__all__ = ["SharedPrivate", "difference_loss", "moment_discrepancy"]

_HEADS, _HEAD_DIM = 2, 16
_MOMENTS = 5
_SMALLEST = 1e-8
_SMALLEST_SQUARE = 1e-12


class SharedPrivate(nn.Module):
    """W [c̄_1; …; c̄_M; p̄_1; …; p̄_M], where the bars are one block of self-attention over all.

    MISA, Hazarika 2020, ACM Multimedia, arXiv:2005.03545: c_m = σ(E_c u_m) by an encoder that all
    share, p_m = σ(E_m u_m) by m's own, u_m = W_m h_m. Losses on the present modalities are `aux`:
    `similarity`, the central moment discrepancy between the shared vectors of every pair;
    `difference`, how far shared and private, and private of every pair, are from orthogonal;
    `reconstruction`, the squared error of D(c_m + p_m) from u_m.

    Args:
        size: of u_m, c_m and p_m.
        similarity: factor of that loss.
        difference: factor of that loss.
        reconstruction: factor of that loss.

    """

    def __init__(
        self,
        dims: Mapping[str, int],
        out_dim: int,
        size: int = 32,
        similarity: float = 0.1,
        difference: float = 0.1,
        reconstruction: float = 0.1,
        dropout: float = 0.1,
    ) -> None:
        super().__init__()
        self.names = sorted(dims)
        self.factors = {
            "similarity": similarity,
            "difference": difference,
            "reconstruction": reconstruction,
        }
        self.project = Projections(dims, size)
        self.share = nn.Linear(size, size)
        self.keep = GroupedLinear(len(dims), size, size)
        self.decode = nn.Linear(size, size)
        self.block = TransformerBlock(size, _HEADS, _HEAD_DIM, 2 * size, dropout)
        self.leave = nn.Linear(2 * len(dims) * size, out_dim)

    def forward(
        self, features: Mapping[str, Tensor], presence: Mapping[str, Tensor] | None = None
    ) -> FusionOutput:
        present = presence_matrix(features, presence, self.names)
        u = absent_as_zero(self.project(features), present)
        shared = absent_as_zero(torch.sigmoid(self.share(u)), present)
        own = self.keep(u.transpose(0, 1)).transpose(0, 1)
        private = absent_as_zero(torch.sigmoid(own), present)
        mask = present.repeat(1, 2)
        mixed, _ = self.block(torch.cat([shared, private], dim=1), mask)
        fused = self.leave(absent_as_zero(mixed, mask).flatten(1))
        if not self.training:
            return FusionOutput(fused)
        error = absent_as_zero((self.decode(shared + private) - u) ** 2, present).sum()
        losses = {
            "similarity": moment_discrepancy(shared, present),
            "difference": difference_loss(shared, private, present),
            "reconstruction": error / (present.sum() * u.shape[2]).clamp(min=1),
        }
        return FusionOutput(fused, {name: self.factors[name] * x for name, x in losses.items()})


def moment_discrepancy(x: Tensor, present: Tensor) -> Tensor:
    """Mean over pairs of Σ_k ‖c_k(x_i) − c_k(x_j)‖, c_1 the mean, c_k the k-th central moment.

    `x` `(B, M, D)` lies in [0, 1]; moments are over the batch's samples that have the modality. The
    first five are taken (Zellinger 2017, ICLR, arXiv:1702.08811). Zero for one modality.
    """
    weight = present.unsqueeze(2).to(x)
    count = weight.sum(dim=0).clamp(min=1)
    mean = (x * weight).sum(dim=0) / count
    centred = (x - mean) * weight
    moments = [mean, *((centred**k).sum(dim=0) / count for k in range(2, _MOMENTS + 1))]
    found = [
        ((moment[i] - moment[j]) ** 2).sum().add(_SMALLEST_SQUARE).sqrt()
        for moment in moments
        for i, j in combinations(range(x.shape[1]), 2)
    ]
    return torch.stack(found).sum() * _MOMENTS / len(found) if found else x.sum() * 0.0


def difference_loss(shared: Tensor, private: Tensor, present: Tensor) -> Tensor:
    """Mean of ‖AᵀB‖² / D² over (shared, private) of each modality and (private, private) of pairs.

    A and B `(B, D)` have zero mean over the samples that have the modality, and rows of length one.
    """
    a, b = _directions(shared, present), _directions(private, present)
    own = torch.einsum("bmi,bmj->mij", a, b)
    pairs = [b[:, i].T @ b[:, j] for i, j in combinations(range(private.shape[1]), 2)]
    return (torch.stack([*own.unbind(0), *pairs]) ** 2).mean()


def _directions(x: Tensor, present: Tensor) -> Tensor:
    """`(B, M, D)`, centred over the present samples and of length one; zeros where absent."""
    weight = present.unsqueeze(2).to(x)
    centred = (x - (x * weight).sum(dim=0) / weight.sum(dim=0).clamp(min=1)) * weight
    return centred / (centred**2).sum(dim=2, keepdim=True).add(_SMALLEST).sqrt()
