"""The exponent of a curve."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.special import stdtrit

__all__ = ["PowerLaw", "fit", "in_upper_half"]

FEWEST = 3
"""Points a line can be doubted with."""


@dataclass(frozen=True)
class PowerLaw:
    """`value = factor * size ** exponent`.

    Attributes:
        exponent: least squares of log value on log size.
        low: lower end of its 95 % Student interval; points on one line give no width.
        high: upper end.
        residual: how far off the worst point is, as a fraction of what the law says.

    """

    exponent: float
    low: float
    high: float
    residual: float


def fit(sizes: npt.ArrayLike, values: npt.ArrayLike) -> PowerLaw:
    """The power law of the upper half of a curve, where what is constant counts least.

    Args:
        sizes: `(n,)`, above 0 and in order, n at least 3.
        values: `(n,)`, above 0.

    """
    upper = in_upper_half(sizes)
    x, y = (np.log(np.asarray(of, dtype=np.float64)[upper]) for of in (sizes, values))
    (slope, start), covariance = np.polyfit(x, y, 1, cov=True)
    half = stdtrit(len(x) - 2, 0.975) * covariance[0, 0] ** 0.5
    residual = np.expm1(np.abs(y - start - slope * x).max())
    return PowerLaw(float(slope), float(slope - half), float(slope + half), float(residual))


def in_upper_half(sizes: npt.ArrayLike) -> npt.NDArray[np.bool_]:
    """Which of `(n,)` sizes lie above the middle of their range on a logarithmic scale; the last three do."""
    x = np.log(np.asarray(sizes, dtype=np.float64))
    upper: npt.NDArray[np.bool_] = x >= min((x[0] + x[-1]) / 2 - 1e-9, x[-FEWEST])
    return upper
