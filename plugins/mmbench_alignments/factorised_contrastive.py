"""What modalities share about the targets, and what each knows alone."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from mmbench_alignments.pairs import contrast, cosines, same_targets

__all__ = ["FactorisedContrastive"]


class FactorisedContrastive(nn.Module):
    """Minus the sum of I(s_i;s_j) − I(s_i;s_j|y), I(u_i;y), I(u_j;y) and I(u_i;u_j|y) − I(u_i;u_j).

    FactorCL, Liang 2023, NeurIPS, arXiv:2306.05268, in its supervised form: s are the projections
    for what the modalities share about the target y, u those for what each has alone. Terms to
    raise are InfoNCE bounds, terms to lower NCE-CLUB bounds, each with a critic of its own; the
    critic of an NCE-CLUB bound learns by InfoNCE on detached features, in the same pass. The terms
    of u count once for both modalities, as each moves its own u.

    This project's choices: critics are scaled cosines of linear maps; y enters by which samples
    agree in it, so that classes, labels and real targets are served alike: given y, the candidates
    are the samples of the same y, and I(u;y) is bounded by telling those samples' u from the rest.
    A sample is among its own. Without targets every sample is its own y: terms given y vanish and
    their critics rest, and all that u knows counts as wanted, for no augmentation of a feature is
    known that would keep what matters only.

    The loss may be negative. A batch of one has nothing to tell apart and an empty one nothing at
    all: both give 0.

    Args:
        dim: size of s and of u.
        temperature: what cosines are divided by.

    """

    def __init__(self, dim_i: int, dim_j: int, dim: int = 32, temperature: float = 0.1) -> None:
        super().__init__()
        self.shared_i, self.shared_j = nn.Linear(dim_i, dim), nn.Linear(dim_j, dim)
        self.unique_i, self.unique_j = nn.Linear(dim_i, dim), nn.Linear(dim_j, dim)
        self.critic_shared = Critic(dim, temperature)
        self.critic_shared_given = Critic(dim, temperature)
        self.critic_own_i = Critic(dim, temperature)
        self.critic_own_j = Critic(dim, temperature)
        self.critic_unique = Critic(dim, temperature)
        self.critic_unique_given = Critic(dim, temperature)

    def forward(self, x_i: Tensor, x_j: Tensor, targets: Tensor | None = None) -> Tensor:
        """`(B, dim_i)`, `(B, dim_j)` and targets `(B,)` or `(B, K)` -> scalar loss."""
        pair, same = same_targets(x_i, None), same_targets(x_i, targets)
        every = torch.ones_like(same)
        s_i, s_j = self.shared_i(x_i), self.shared_j(x_j)
        u_i, u_j = self.unique_i(x_i), self.unique_j(x_j)
        shared = self.critic_shared.raised(s_i, s_j, pair, every)
        shared = shared + self.critic_shared_given.lowered(s_i, s_j, pair, same)
        own = self.critic_own_i.raised(u_i, u_i, same, every)
        own = own + self.critic_own_j.raised(u_j, u_j, same, every)
        unique = self.critic_unique.lowered(u_i, u_j, pair, every)
        unique = unique + self.critic_unique_given.raised(u_i, u_j, pair, same)
        return shared + own + unique


class Critic(nn.Module):
    """f(a, b) = cos(A a, B b)/τ, and the loss by which information between a and b rises or falls.

    Features are `(B, dim)`; `positives` and `candidates` `(B, B)` say which rows of b go with a row
    of a, and among which.
    """

    def __init__(self, dim: int, temperature: float) -> None:
        super().__init__()
        self.temperature = temperature
        self.left = nn.Linear(dim, dim, bias=False)
        self.right = nn.Linear(dim, dim, bias=False)

    def raised(self, a: Tensor, b: Tensor, positives: Tensor, candidates: Tensor) -> Tensor:
        """The cross-entropy of InfoNCE, for features and critic alike."""
        return contrast(
            self._scores(a, b, self.left.weight, self.right.weight), positives, candidates
        )

    def lowered(self, a: Tensor, b: Tensor, positives: Tensor, candidates: Tensor) -> Tensor:
        """Mean f of positives less that of candidates, for features; InfoNCE for the critic."""
        scores = self._scores(a, b, self.left.weight.detach(), self.right.weight.detach())
        bound = _mean(scores, positives) - _mean(scores, candidates)
        return bound + self.raised(a.detach(), b.detach(), positives, candidates)

    def _scores(self, a: Tensor, b: Tensor, left: Tensor, right: Tensor) -> Tensor:
        return cosines(F.linear(a, left), F.linear(b, right)) / self.temperature


def _mean(scores: Tensor, mask: Tensor) -> Tensor:
    """Mean over rows of the mean over the row's `mask`."""
    chosen = scores.masked_fill(~mask, 0.0).sum(dim=1) / mask.sum(dim=1)
    return chosen.sum() / max(len(scores), 1)
