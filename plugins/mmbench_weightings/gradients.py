"""What the weightings of gradients share: a gradient a term, one update a group of parameters."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeAlias

import torch
from torch import Tensor

from mmbench.contracts import JacobianWeighting, Term
from mmbench_weightings.backpropagation import require_finite
from mmbench_weightings.coefficients import complete, kept, weighted_sum
from mmbench_weightings.gramian import inner_products, require_finite_gradients

__all__ = ["GradientWeighting", "Rows"]


Rows: TypeAlias = Mapping[str, Mapping[str, Tensor]]


class GradientWeighting(JacobianWeighting):
    """The gradients of the terms c L, combined into one update for each group of parameters.

    Each declared group (an encoder, a head, the fusion) is combined by itself, over the terms whose
    gradient there is not zero. Over all parameters at once, terms that share none would be traded
    against each other; and a row of zeros, from a term that misses an encoder or whose modality is
    absent from the batch, would make the common descent direction of that encoder zero. Where every
    group's update descends on every term, so does the whole. A group that one term alone reaches
    takes that term's gradient.

    c is the user's coefficient, 1 where the tables are silent; c = 0 drops a term. Methods that do
    not see the length of a gradient see no other c either. AdamW does not see a constant factor on
    an update, so by default updates keep the length that the paper gives them, and with it whether
    they shrink near a stationary point. Cost: a backward pass a term.

    Args:
        match_norm: give the update of each group the length of the plain sum's, also where the
            method would all but stand still.

    """

    factors: Tensor
    steps: Tensor

    def __init__(self, terms: tuple[Term, ...], match_norm: bool = False) -> None:
        super().__init__(terms)
        self.match_norm = match_norm
        self.coefficients = complete(terms, {})
        self.kept = kept(self.coefficients)
        self.register_buffer("factors", torch.ones(len(self.kept)))
        self.register_buffer("steps", torch.tensor(0))

    def combine(self, gramian: Tensor) -> Tensor:
        """The weights (m,) of gradients whose inner products are `gramian`, (m, m) on the CPU."""
        raise NotImplementedError

    def aggregate(self, rows: Tensor, gramian: Tensor) -> tuple[Tensor, Tensor | None]:
        """The update (n,) from gradients (m, n), and their weights (m,) where it has such."""
        weights = self.combine(gramian).to(rows)
        return weights @ rows, weights

    def rows(self, losses: Mapping[str, Tensor], gradients: Rows) -> Rows:
        """Group -> term -> what is combined there, (n,), of the losses c L and their gradients: these."""
        return gradients

    def forward(self, losses: Mapping[str, Tensor]) -> Tensor:
        return weighted_sum(losses, self.coefficients)

    def wanted(self, losses: Mapping[str, Tensor]) -> dict[str, Tensor]:
        return {name: losses[name] for name in self.kept}

    def update(self, losses: Mapping[str, Tensor], gradients: Rows) -> dict[str, Tensor]:
        weights: dict[str, list[float]] = {}
        found = self.rows(*self.scaled(losses, gradients))
        updates = {name: self._update(rows, weights) for name, rows in found.items() if rows}
        self.note([_mean(weights.get(name, [1.0])) for name in self.kept])
        return updates

    def scaled(
        self, losses: Mapping[str, Tensor], gradients: Rows
    ) -> tuple[dict[str, Tensor], Rows]:
        """Term -> c L, of the terms that are not dropped, and group -> term -> its gradient.

        Raises:
            NonFiniteError: if a loss is NaN or infinite.

        """
        require_finite(losses, self.coefficients)
        c = self.coefficients
        scaled = {
            group: {term: c[term] * row for term, row in rows.items()}
            for group, rows in gradients.items()
        }
        return {name: losses[name] * c[name] for name in self.kept}, scaled

    def note(self, factors: list[float]) -> None:
        """Add the factors a step put on the kept losses c L to their mean over the epoch."""
        self.steps += 1
        self.factors += (self.factors.new_tensor(factors) - self.factors) / self.steps

    def end_epoch(self, train: Mapping[str, float], validation: Mapping[str, float]) -> None:
        self.steps.zero_()

    def weights(self) -> dict[str, float]:
        """The mean weight on each loss, over the epoch's steps and the groups where it meets another."""
        means = dict(zip(self.kept, self.factors.tolist(), strict=True))
        return {name: means.get(name, 0.0) * c for name, c in self.coefficients.items()}

    def _update(self, rows: Mapping[str, Tensor], weights: dict[str, list[float]]) -> Tensor:
        """The update (n,) from term -> gradient (n,); what the terms weighed joins `weights`."""
        names, stacked = list(rows), torch.stack(list(rows.values()))
        gramian = inner_products(stacked)
        require_finite_gradients(dict(zip(names, gramian.diagonal().tolist(), strict=True)))
        reaching = gramian.diagonal().nonzero()[:, 0]
        if len(reaching) < 2:
            return stacked.sum(dim=0)
        stacked = stacked[reaching.to(stacked.device)]
        update, found = self.aggregate(stacked, gramian[reaching][:, reaching])
        scale = _matching(update, stacked) if self.match_norm else 1.0
        if found is not None:
            for place, weight in zip(reaching.tolist(), found.tolist(), strict=True):
                weights.setdefault(names[place], []).append(weight * scale)
        return update * scale


def _matching(update: Tensor, rows: Tensor) -> float:
    """The factor that gives an update the length of the rows' sum."""
    length = update.norm().item()
    return rows.sum(dim=0).norm().item() / length if length > 0 else 1.0


def _mean(values: list[float]) -> float:
    return sum(values) / len(values)
