"""What the scalar weightings share: one factor on each loss that is kept."""

from __future__ import annotations

import math
from collections.abc import Mapping

import torch
from torch import Tensor

from mmbench.contracts import LossWeighting, Term
from mmbench.errors import NonFiniteError, NotApplicable
from mmbench_weightings.coefficients import complete, kept

__all__ = ["Scalar", "require_not_negative"]

_ROUNDING = 1e-5  # a loss this little below zero is a zero that was rounded


class Scalar(LossWeighting):
    """Σ a_i c_i L_i over the m terms that are kept, with factors a_i that no gradient flows through.

    c is the user's coefficient, 1 where the tables are silent; c = 0 drops a term. A method whose total is
    another function of the losses, such as a geometric mean, gives that function's derivatives as factors.
    """

    applied: Tensor

    def __init__(self, terms: tuple[Term, ...]) -> None:
        super().__init__(terms)
        self.coefficients = complete(terms, {})
        self.kept = kept(self.coefficients)
        self.register_buffer("applied", torch.ones(len(self.kept)))

    def factors(self, losses: Tensor) -> Tensor:
        """From the kept losses c_i L_i, detached, to their factors a_i; both (m,)."""
        raise NotImplementedError

    def forward(self, losses: Mapping[str, Tensor]) -> Tensor:
        scaled = self.scaled(losses)
        self.applied = self.factors(scaled.detach())
        return (self.applied * scaled).sum()

    def scaled(self, losses: Mapping[str, Tensor]) -> Tensor:
        """c_i L_i of the terms that are kept, (m,)."""
        return torch.stack([losses[name] * self.coefficients[name] for name in self.kept])

    def weights(self) -> dict[str, float]:
        """a_i c_i of each term."""
        applied = dict(zip(self.kept, self.applied.tolist(), strict=True))
        return {name: applied.get(name, 0.0) * c for name, c in self.coefficients.items()}


def require_not_negative(method: str, losses: Tensor, names: list[str]) -> Tensor:
    """The losses, with zeros that were rounded below zero put back.

    Args:
        method: that needs losses of at least 0.
        losses: (m,), detached.
        names: of the terms.

    Raises:
        NonFiniteError: if one is NaN or infinite.
        NotApplicable: if one is negative.

    """
    for name, loss in zip(names, losses.tolist(), strict=True):
        if not math.isfinite(loss):
            raise NonFiniteError(
                f"Expected a finite loss to weight. Found {name} = {loss}. "
                f"Lower the learning rate, or look at what the plugin returns."
            )
        if loss < -_ROUNDING:
            raise NotApplicable(
                f"Expected losses of at least 0, since the weighting {method} compares their sizes. "
                f"Found {name} = {loss:.3g}. Choose another alignment or weighting, "
                f"or drop the term by a coefficient of 0."
            )
    return losses.clamp(min=0)
