"""The geometric mean of the terms."""

from __future__ import annotations

import torch
from torch import Tensor

from mmbench_weightings.scalar import Scalar, require_not_negative

__all__ = ["Geometric"]


class Geometric(Scalar):
    """Geometric loss strategy: G = (Π c L)^(1/m), so a_i = G / (m c_i L_i).

    Chennupati 2019, CVPR workshops, arXiv:1904.08492. The mean does not see the scale of a loss, so that
    coefficients only drop terms, by c = 0. One backward pass.

    A loss of exactly 0, such as an alignment's in a batch where no sample has both modalities, would end
    all learning; it is at its minimum, so it is left out of that batch's mean (this project's choice).

    Raises:
        NotApplicable: if a loss is negative.

    """

    def factors(self, losses: Tensor) -> Tensor:
        losses = require_not_negative("geometric", losses, self.kept)
        counted = losses > 0
        count = counted.sum().clamp(min=1)
        logarithms = torch.where(counted, losses, 1.0).log()
        mean = logarithms.sum() / count
        return torch.where(counted, (mean - logarithms).exp() / count, 0.0)
