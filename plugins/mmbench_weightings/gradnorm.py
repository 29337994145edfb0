"""Weights learned so that all losses train at one rate."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor

from mmbench.contracts import Term
from mmbench.errors import BadParameter
from mmbench_weightings.gradients import GradientWeighting, Rows
from mmbench_weightings.gramian import require_finite_gradients
from mmbench_weightings.scalar import require_not_negative

__all__ = ["GradNorm", "targets"]


class GradNorm(GradientWeighting):
    """Σ w_k c_k L_k, where w lowers Σ |G_k − Ḡ r_k^α|; Chen 2018, ICML, arXiv:1711.02257.

    G_k = w_k ‖∇ c_k L_k‖, Ḡ is their mean, and r_k is L_k(t)/L_k(0) over its mean: what falls slowly
    gets longer gradients. Targets are constants to the derivative, and Σ w = m after each step.

    The norm is over all groups that two terms or more reach, in place of the paper's last shared
    layer, which modalities do not have. The step is this project's choice: w_k ← w_k exp(−rate · s_k
    G_k/Ḡ) with s the sign of G − Ḡ r^α, the derivative by log w_k over Ḡ, which keeps w above 0 and does
    not depend on the losses' units. L_k(0) is the first loss above 0. c decides where w_k c_k starts.
    Any m; terms with no gradient in a batch keep their w. Cost: a backward pass a term.

    Args:
        alpha: how much slower losses are helped; 0 makes all gradients equally long.
        rate: learning rate of log w.

    Raises:
        NotApplicable: if a loss is negative.

    """

    balance: Tensor
    initial: Tensor

    def __init__(self, terms: tuple[Term, ...], alpha: float = 1.5, rate: float = 0.025) -> None:
        super().__init__(terms)
        if alpha < 0 or rate < 0:
            raise BadParameter(
                f"Expected alpha and rate of 0 or more. Found {alpha} and {rate}. "
                f"Pass alpha=1.5 and rate=0.025."
            )
        self.alpha, self.rate = alpha, rate
        self.register_buffer("balance", torch.ones(len(self.kept)))
        self.register_buffer("initial", torch.zeros(len(self.kept)))

    def update(self, losses: Mapping[str, Tensor], gradients: Rows) -> dict[str, Tensor]:
        scaled, found = self.scaled(losses, gradients)
        self._learn(torch.stack([loss.detach() for loss in scaled.values()]), self._lengths(found))
        weights = dict(zip(self.kept, self.balance, strict=True))
        updates = {
            group: torch.stack([weights[term] * row for term, row in rows.items()]).sum(dim=0)
            for group, rows in found.items()
            if rows
        }
        self.note(self.balance.tolist())
        return updates

    def _lengths(self, found: Mapping[str, Mapping[str, Tensor]]) -> Tensor:
        """‖∇ c L‖ (m,) over the groups where terms meet."""
        squares = torch.zeros_like(self.balance)
        for rows in found.values():
            if len(rows) > 1:
                for term, row in rows.items():
                    squares[self.kept.index(term)] += row.square().sum()
        require_finite_gradients(dict(zip(self.kept, squares.tolist(), strict=True)))
        return squares.sqrt()

    def _learn(self, losses: Tensor, lengths: Tensor) -> None:
        """A step of w, from losses c L (m,) and lengths of their gradients (m,)."""
        losses = require_not_negative("gradnorm", losses, self.kept).to(self.balance)
        self.initial = torch.where(self.initial > 0, self.initial, losses)
        live = (lengths > 0) & (self.initial > 0)
        if live.sum() < 2:
            return
        norms = self.balance[live] * lengths[live]
        wanted = targets(norms, losses[live] / self.initial[live], self.alpha)
        learned = self.balance.clone()
        learned[live] *= (-self.rate * (norms - wanted).sign() * norms / norms.mean()).exp()
        self.balance = learned * len(learned) / learned.sum()


def targets(norms: Tensor, ratios: Tensor, alpha: float) -> Tensor:
    """Ḡ r^α (m,), from weighted gradient norms (m,) and L(t)/L(0) (m,)."""
    tiny = torch.finfo(ratios.dtype).tiny
    return norms.mean() * (ratios / ratios.mean().clamp(min=tiny)) ** alpha
