"""Fusions of decisions: `{m: (B, C)}` logits -> `(B, C)`, the prediction."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor, nn

from mmbench.contracts import FusionOutput
from mmbench_fusions.controls import Named, Prior
from mmbench_fusions.mlp import mlp
from mmbench_fusions.presence import (
    absent_as_zero,
    concatenated,
    masked_softmax,
    per_modality,
    presence_matrix,
)

__all__ = ["LateAverage", "LateProduct", "LateWeighted", "MajorityVote", "Stacking"]

_SMALLEST_PROBABILITY = 1e-6


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


class LateWeighted(nn.Module):
    """Σ_m softmax(a)_m z_m with learned a, renormalised over present modalities."""

    def __init__(self, dims: Mapping[str, int], out_dim: int) -> None:
        super().__init__()
        self.names = sorted(dims)
        self.scores = nn.Parameter(torch.zeros(len(dims))) if len(dims) > 1 else None

    def forward(
        self, logits: Mapping[str, Tensor], presence: Mapping[str, Tensor] | None = None
    ) -> FusionOutput:
        present = presence_matrix(logits, presence, self.names)
        stacked = absent_as_zero(torch.stack([logits[name] for name in self.names], dim=1), present)
        scores = stacked.new_zeros(len(self.names)) if self.scores is None else self.scores
        weights = masked_softmax(scores.expand(present.shape), present)
        fused = (weights.unsqueeze(-1) * stacked).sum(dim=1)
        return FusionOutput(fused, weights=per_modality(weights, self.names))


class LateProduct(nn.Module):
    """Σ_m z_m − (M − 1) log p(y) over the M present modalities.

    The product rule of Kittler 1998, IEEE TPAMI, doi:10.1109/34.667881, in logarithms: modalities
    that are independent given the class multiply to p(y)^(1−M) Π_m p(y | x_m). The prior p(y) is
    that of the training targets, and is the prediction where nothing is present; in multilabel
    tasks all are log-odds of each label.
    """

    def __init__(self, dims: Mapping[str, int], out_dim: int) -> None:
        super().__init__()
        self.names = sorted(dims)
        self.prior = Prior(dims, out_dim)

    def initialise(self, task: Named, targets: Tensor) -> None:
        """Learn the prior from the training targets."""
        self.prior.initialise(task, targets)

    def forward(
        self, logits: Mapping[str, Tensor], presence: Mapping[str, Tensor] | None = None
    ) -> Tensor:
        present = presence_matrix(logits, presence, self.names)
        stacked = absent_as_zero(torch.stack([logits[name] for name in self.names], dim=1), present)
        surplus = present.sum(dim=1, keepdim=True) - 1
        prior: Tensor = self.prior(len(stacked))
        return stacked.sum(dim=1) - surplus * prior


class MajorityVote(nn.Module):
    """log((Σ_m 1[y = argmax z_m] + p̄(y)) / (M + 1)), p̄ the mean of the M softmaxes.

    The mean probability is below one, so that it decides between classes with equally many votes and
    never against a majority. Votes have no gradient: in training the result is log p̄, so that the
    modalities' heads learn to vote. Only present modalities vote.
    """

    def __init__(self, dims: Mapping[str, int], out_dim: int) -> None:
        super().__init__()
        self.names = sorted(dims)

    def forward(
        self, logits: Mapping[str, Tensor], presence: Mapping[str, Tensor] | None = None
    ) -> Tensor:
        present = presence_matrix(logits, presence, self.names)
        stacked = absent_as_zero(torch.stack([logits[name] for name in self.names], dim=1), present)
        count = present.sum(dim=1, keepdim=True)
        mean = absent_as_zero(stacked.softmax(dim=2), present).sum(dim=1) / count.clamp(min=1)
        if self.training:
            return (mean + _SMALLEST_PROBABILITY).log()
        classes = torch.arange(stacked.shape[2], device=stacked.device)
        votes = absent_as_zero(stacked.argmax(dim=2, keepdim=True) == classes, present)
        return ((votes.sum(dim=1) + mean) / (count + 1) + _SMALLEST_PROBABILITY).log()


class Stacking(nn.Module):
    """MLP([z_1; …; z_M]): a learner on the modalities' decisions, absent ones as zeros.

    Stacked generalisation, Wolpert 1992, Neural Networks, doi:10.1016/S0893-6080(05)80023-1; the
    learner is trained together with what it learns from, on the same samples.

    Args:
        hidden: width of the learner.

    """

    def __init__(
        self, dims: Mapping[str, int], out_dim: int, hidden: int = 32, dropout: float = 0.1
    ) -> None:
        super().__init__()
        self.names = sorted(dims)
        self.body = mlp(sum(dims.values()), hidden, out_dim, dropout)

    def forward(
        self, logits: Mapping[str, Tensor], presence: Mapping[str, Tensor] | None = None
    ) -> Tensor:
        present = presence_matrix(logits, presence, self.names)
        fused: Tensor = self.body(concatenated(logits, present, self.names))
        return fused
