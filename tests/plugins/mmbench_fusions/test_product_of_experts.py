from __future__ import annotations

import numpy as np
from scipy.integrate import trapezoid

from mmbench_fusions.product_of_experts import ProductOfExperts


def moments(means, precisions):
    """Mean and variance of the product of N(0, 1) and Gaussian experts, by quadrature."""
    x = np.linspace(-12, 12, 20001)
    log = -0.5 * x**2
    for mean, precision in zip(means, precisions, strict=True):
        log = log - 0.5 * precision * (x - mean) ** 2
    density = np.exp(log - log.max())
    density /= trapezoid(density, x)
    mean = trapezoid(density * x, x)
    return mean, trapezoid(density * (x - mean) ** 2, x)


def test_it_is_the_mean_of_the_product_of_gaussians(spelling):
    fusion = ProductOfExperts(spelling.dims, 6).double().eval()
    means = spelling.projected(fusion.means)
    precisions = np.exp(spelling.projected(fusion.log_precisions))
    output = spelling.run(fusion)
    for sample in range(4):
        there = spelling.present[sample]
        for feature in range(6):
            experts = means[there, sample, feature], precisions[there, sample, feature]
            expected, _ = moments(*experts)
            spelling.same(output.fused[sample, feature], expected)


def test_the_divergence_is_from_the_prior(spelling):
    fusion = ProductOfExperts(spelling.dims, 6, beta=0.5).double()
    means = spelling.projected(fusion.means)
    precisions = np.exp(spelling.projected(fusion.log_precisions))
    divergences = []
    for sample in range(4):
        there = spelling.present[sample]
        for feature in range(6):
            mean, variance = moments(
                means[there, sample, feature], precisions[there, sample, feature]
            )
            divergences.append(0.5 * (variance + mean**2 - 1 - np.log(variance)))
    spelling.same(spelling.run(fusion).aux["divergence"], 0.5 * np.mean(divergences))


def test_the_weights_are_shares_of_precision(spelling):
    fusion = ProductOfExperts(spelling.dims, 6).double().eval()
    precisions = np.exp(spelling.projected(fusion.log_precisions))
    precisions *= spelling.present.T[:, :, None]
    shares = (precisions / (1 + precisions.sum(axis=0))).mean(axis=2)
    found = spelling.run(fusion).weights
    for m, share in zip(spelling.dims, shares, strict=True):
        spelling.same(found[m], share)
