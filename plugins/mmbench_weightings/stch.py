"""The smooth maximum of the terms."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor

from mmbench.contracts import Term
from mmbench.errors import BadParameter
from mmbench_weightings.scalar import Scalar, require_not_negative

__all__ = ["STCH"]


class STCH(Scalar):
    """Smooth Tchebycheff scalarisation: μ log Σ exp(λ_i (L_i − z_i) / μ), the smooth worst of the terms.

    Lin 2024, ICML, arXiv:2402.19078. This project's choices: the ideal point z is 0, the bound of losses that
    are not negative; the preferences are λ_i = c_i / N_i, with c the user's coefficients and N_i the mean
    training loss of the first epoch, so that all terms start near 1 whatever their scale; the first epoch
    trains on Σ c L. The total is multiplied by a constant with which balanced terms weigh Σ c together, as
    in the first epoch: AdamW does not see a constant scale, but it would see the jump. One backward pass.

    Args:
        mu: μ, in units of a term's loss in the first epoch; the smaller, the more the worst term counts alone.

    Raises:
        NotApplicable: if a loss is negative.

    """

    nadir: Tensor

    def __init__(self, terms: tuple[Term, ...], mu: float = 0.1) -> None:
        super().__init__(terms)
        if mu <= 0:
            raise BadParameter(f"Expected mu to be above 0. Found {mu}. Raise it.")
        self.mu = mu
        self.register_buffer("nadir", torch.full((len(self.kept),), torch.nan))

    def factors(self, losses: Tensor) -> Tensor:
        losses = require_not_negative("stch", losses, self.kept)
        if self.nadir.isnan().any():
            return torch.ones_like(losses)
        inverse = self.nadir.to(losses).reciprocal()
        coefficients = losses.new_tensor([self.coefficients[name] for name in self.kept])
        scale = coefficients.sum() / (coefficients * inverse).mean()
        return scale * (losses * inverse / self.mu).softmax(dim=0) * inverse

    def end_epoch(self, train: Mapping[str, float], validation: Mapping[str, float]) -> None:
        if self.nadir.isnan().any():
            means = self.nadir.new_tensor([train[name] for name in self.kept])
            # A term that was zero all along has no scale.
            self.nadir = torch.where(means > 0, means, 1.0)
