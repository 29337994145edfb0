"""A product of Gaussian experts."""

from __future__ import annotations

from collections.abc import Mapping

from torch import Tensor, nn

from mmbench.contracts import FusionOutput
from mmbench_fusions.presence import absent_as_zero, per_modality, presence_matrix
from mmbench_fusions.projections import Projections

__all__ = ["ProductOfExperts"]

_LARGEST_LOG_PRECISION = 10.0


class ProductOfExperts(nn.Module):
    """μ = Σ_m T_m ⊙ μ_m / (1 + Σ_m T_m), the mean of the product of Gaussians.

    Wu 2018 (MVAE), NeurIPS, arXiv:1802.05335: each present modality is an expert with mean μ_m and
    precision T_m, both linear in h_m up to an exponential; the one is the precision of the prior
    expert N(0, 1). Its divergence from the prior joins the loss as `aux`, the paper's term without
    the decoders. The mean is used in training too, where the paper samples for its decoders. The
    weights it reports are the experts' shares of precision; the prior holds the rest.

    Args:
        beta: factor of the divergence, which is a mean over samples and features.

    """

    def __init__(self, dims: Mapping[str, int], out_dim: int, beta: float = 1e-3) -> None:
        super().__init__()
        self.names = sorted(dims)
        self.beta = beta
        self.means = Projections(dims, out_dim)
        self.log_precisions = Projections(dims, out_dim)

    def forward(
        self, features: Mapping[str, Tensor], presence: Mapping[str, Tensor] | None = None
    ) -> FusionOutput:
        present = presence_matrix(features, presence, self.names)
        means = absent_as_zero(self.means(features), present)
        bounded = self.log_precisions(features).clamp(
            -_LARGEST_LOG_PRECISION, _LARGEST_LOG_PRECISION
        )
        precisions = absent_as_zero(bounded.exp(), present)
        total = 1 + precisions.sum(dim=1)
        mean = (precisions * means).sum(dim=1) / total
        shares = (precisions / total.unsqueeze(1)).mean(dim=2)
        divergence = 0.5 * (1 / total + mean**2 - 1 + total.log()).mean()
        aux = {"divergence": self.beta * divergence} if self.training else {}
        return FusionOutput(mean, aux, per_modality(shares, self.names))
