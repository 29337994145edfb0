"""Statistics of repeated runs, as pure functions of arrays.

The last axis is always the repetition (the seed). A NaN is a repetition that gave no value and is
left out.

Repetitions on random splits of one data set are not independent: their training parts overlap. The
plain Student interval is then too narrow. Nadeau & Bengio, Inference for the Generalization Error,
Machine Learning 52 (2003), replace the variance factor 1/n by 1/n + n_test/n_train; every interval
here takes that ratio as `overlap`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.special import stdtrit

__all__ = ["Interval", "average_ranks", "mean_interval", "noise_floor", "paired_difference"]

Floats: TypeAlias = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Interval:
    """Means with their confidence intervals; the four arrays have one shape.

    Attributes:
        mean: NaN where there is no value.
        low: lower end; NaN where there are fewer than two values, from which no spread can be
            estimated.
        high: upper end; NaN with `low`.
        n: number of values.

    """

    mean: Floats
    low: Floats
    high: Floats
    n: npt.NDArray[np.int64]

    @property
    def half_width(self) -> Floats:
        """What stands behind the ±."""
        return (self.high - self.low) / 2


def mean_interval(
    values: npt.ArrayLike, overlap: npt.ArrayLike = 0.0, confidence: float = 0.95
) -> Interval:
    """Mean over repetitions with its corrected resampled t interval.

    Args:
        values: `(..., n)`.
        overlap: n_test / n_train, `(...)` or a scalar; 0 for independent repetitions, which gives
            Student's interval; NaN where it is unknown, which gives a NaN interval.
        confidence: coverage of the interval, between 0 and 1.

    Returns:
        Arrays of shape `(...)`.

    """
    values = np.asarray(values, dtype=np.float64)
    known = ~np.isnan(values)
    n = known.sum(axis=-1)
    mean = _divide(np.where(known, values, 0.0).sum(axis=-1), n)
    deviations = np.where(known, values - mean[..., None], 0.0)
    variance = _divide((deviations**2).sum(axis=-1), n - 1)
    factor = _divide(np.ones_like(mean), n) + np.asarray(overlap, dtype=np.float64)
    quantile = stdtrit(np.maximum(n - 1, 1), 0.5 + confidence / 2)
    half = quantile * np.sqrt(variance * factor)
    return Interval(mean, mean - half, mean + half, n)


def paired_difference(
    first: npt.ArrayLike,
    second: npt.ArrayLike,
    overlap: npt.ArrayLike = 0.0,
    confidence: float = 0.95,
) -> Interval:
    """Mean of `first - second` over the repetitions that both have, with its corrected interval.

    Args:
        first: `(..., n)`.
        second: `(..., n)`, repetition by repetition on the same split as `first`.
        overlap: as for `mean_interval`.
        confidence: as for `mean_interval`.

    Returns:
        Arrays of shape `(...)`.

    """
    first = np.asarray(first, dtype=np.float64)
    second = np.asarray(second, dtype=np.float64)
    return mean_interval(first - second, overlap, confidence)


def noise_floor(first: npt.ArrayLike, second: npt.ArrayLike) -> Floats:
    """Root mean square of the differences of two entries of one method: what chance alone does.

    Args:
        first: `(..., n)`.
        second: `(..., n)`, the same method entered again.

    Returns:
        `(...)`, in the unit of the values; NaN where no repetition has both.

    """
    differences = np.asarray(first, dtype=np.float64) - np.asarray(second, dtype=np.float64)
    known = ~np.isnan(differences)
    squares = np.where(known, differences, 0.0) ** 2
    return np.sqrt(_divide(squares.sum(axis=-1), known.sum(axis=-1)))


def average_ranks(scores: npt.ArrayLike, greater_is_better: bool = True) -> Floats:
    """Rank methods on each dataset, 1 being the best, and average over datasets.

    Args:
        scores: `(methods, datasets)`. Ties share the mean of their ranks. NaN means that the method
            takes no part in that dataset; an infinity of the bad sign ranks it last there.
        greater_is_better: whether high scores are good.

    Returns:
        `(methods,)`; NaN for a method that takes part nowhere.

    """
    table = pd.DataFrame(np.asarray(scores, dtype=np.float64))
    ranks = table.rank(axis=0, method="average", ascending=not greater_is_better)
    average: Floats = ranks.mean(axis=1).to_numpy(dtype=np.float64)
    return average


def _divide(numerator: Floats, count: npt.NDArray[np.int64]) -> Floats:
    """The quotient, NaN where the count is not positive."""
    positive = count > 0
    quotient: Floats = np.where(positive, numerator / np.where(positive, count, 1), np.nan)
    return quotient
