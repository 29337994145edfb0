"""Quantiles of call times with their intervals, given only where the sample supports them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.stats import quantile_test

__all__ = ["Quantile", "quantile"]


@dataclass(frozen=True)
class Quantile:
    """A quantile of a sample, with a 95 % interval between two of its values; in its unit."""

    value: float
    low: float
    high: float


def quantile(sample: Sequence[float], level: float, confidence: float = 0.95) -> Quantile | None:
    """A quantile, or None where the sample is too small to hold both ends of its interval.

    The ends are order statistics, chosen by the binomial distribution: right for any distribution of
    independent times (Conover, Practical Nonparametric Statistics, 1999, 3.2). At 95 % that takes 6
    values for the median, 36 for the 90th and 368 for the 99th percentile.
    """
    ends = quantile_test(sample, p=level).confidence_interval(confidence)
    if not np.isfinite(ends).all():
        return None
    return Quantile(float(np.quantile(sample, level)), float(ends.low), float(ends.high))
