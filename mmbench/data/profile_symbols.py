"""Two modalities as symbols, and how well their symbols tell a target."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import numpy.typing as npt
from scipy.special import softmax
from sklearn.cluster import KMeans

from mmbench.data.interactions import without_synergy

__all__ = ["MOST_CLASSES", "Fitted", "Symbols", "fit"]

COUNTS = (1, 2, 4, 8, 16)
"""Numbers of symbols to choose from; one is for features that tell nothing."""
MOST_CELLS = 800
"""Of two tables of symbols and classes: the convex programme is solved in their number of variables."""
MOST_CLASSES = MOST_CELLS // (2 * COUNTS[1])
SHARES = (0.001, 0.003, 0.01, 0.03, 0.1, 0.2, 0.3, 0.5, 0.8)
STRENGTHS = (0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0, 30.0, 100.0, 1000.0)
GAP = 3e-4

Reals: TypeAlias = npt.NDArray[np.float64]
Whole: TypeAlias = npt.NDArray[np.integer]


class Symbols:
    """k-means as a mixture of round Gaussians of one size."""

    def __init__(self, features: Reals, count: int, seed: int) -> None:
        distinct = len(np.unique(features, axis=0))
        self._means = KMeans(min(count, distinct), n_init=3, random_state=seed % 2**32)
        self.hard: Whole = self._means.fit_predict(features)
        self.count = int(self._means.n_clusters)
        self._share = np.bincount(self.hard, minlength=self.count) / len(features)
        self._variance = max(self._means.inertia_ / features.size, 1e-12)

    def soft(self, features: Reals) -> Reals:
        """p(symbol | features), (N, count)."""
        squares = self._means.transform(features) ** 2
        found: Reals = softmax(np.log(self._share) - squares / (2 * self._variance), axis=1)
        return found


@dataclass(frozen=True)
class Fitted:
    """Symbols of two modalities and what they tell.

    Attributes:
        symbols: of either modality.
        singles: p(class | symbol) of either modality, (K, C).
        factors: tables (K, C) whose product is the most that both tell without synergy.
        joint: p(class | both symbols), (K1, K2, C).
        left_out: mean log-likelihood of training samples by joint tables that lack them.

    """

    symbols: tuple[Symbols, Symbols]
    singles: tuple[Reals, Reals]
    factors: tuple[Reals, Reals]
    joint: Reals
    left_out: float

    def log_likelihoods(self, first: Reals, second: Reals, targets: Whole) -> Reals:
        """log₂ p(target) given the one modality, the other, both without synergy, and both: (N, 4)."""
        one, two = self.symbols[0].soft(first), self.symbols[1].soft(second)
        told = [
            _told(one, self.singles[0], targets),
            _told(two, self.singles[1], targets),
            _told(one, self.factors[0], targets) * _told(two, self.factors[1], targets),
            np.einsum("ni,nj,ijn->n", one, two, self.joint[:, :, targets]),
        ]
        bits: Reals = np.log2(np.stack(told, axis=1))
        return bits


def _told(soft: Reals, table: Reals, targets: Whole) -> Reals:
    told: Reals = (soft * table[:, targets].T).sum(axis=1)
    return told


def fit(first: Reals, second: Reals, targets: Whole, classes: int, seed: int) -> Fitted:
    """Fit as many symbols as predict training samples best that are left out of the tables.

    Args:
        first: features of one modality, (N, F1).
        second: of the other, (N, F2).
        targets: (N,) below `classes`.
        classes: at most `MOST_CLASSES`.
        seed: of the clusters.

    """
    fits = [
        _tables((Symbols(first, count, seed), Symbols(second, count, seed)), targets, classes)
        for count in COUNTS
        if 2 * count * classes <= MOST_CELLS
    ]
    return max(fits, key=lambda fitted: fitted.left_out)


def _tables(symbols: tuple[Symbols, Symbols], targets: Whole, classes: int) -> Fitted:
    one, two = (_pair(each, targets, classes) for each in symbols)
    apart = without_synergy(one, two, GAP)
    factors = np.exp(apart.scores_1), np.exp(apart.scores_2)
    singles = one / one.sum(axis=1, keepdims=True), two / two.sum(axis=1, keepdims=True)
    product = factors[0][:, None] * factors[1][None]
    product /= product.sum(axis=2, keepdims=True)
    joint, left_out = _joint(symbols, targets, product)
    return Fitted(symbols, singles, factors, joint, left_out)


def _pair(symbols: Symbols, targets: Whole, classes: int) -> Reals:
    """p(symbol, class), (K, C): counts, mixed with independence as it predicts left-out samples best."""
    counts = np.zeros((symbols.count, classes))
    np.add.at(counts, (symbols.hard, targets), 1)
    # One sample more, of all classes alike: a class that a fold lacks is not impossible.
    counts += counts.sum(axis=1, keepdims=True) / (len(targets) * classes)
    of_symbol, of_class = counts.sum(axis=1), counts.sum(axis=0) / counts.sum()
    rest = (counts[symbols.hard, targets] - 1) / (of_symbol[symbols.hard] - 1)

    def left_out(share: float) -> float:
        return float(np.log((1 - share) * rest + share * of_class[targets]).mean())

    share = max(SHARES, key=left_out)
    mixed = (1 - share) * counts + share * np.outer(of_symbol, of_class)
    return np.asarray(mixed / counts.sum())


def _joint(symbols: tuple[Symbols, Symbols], targets: Whole, product: Reals) -> tuple[Reals, float]:
    """p(class | symbols), (K1, K2, C): counts on top of what is told without synergy; and its fit."""
    cells = symbols[0].hard, symbols[1].hard, targets
    counts = np.zeros_like(product)
    np.add.at(counts, cells, 1)
    totals = counts.sum(axis=2)
    own, rest = counts[cells] - 1, totals[cells[:2]] - 1

    def left_out(strength: float) -> float:
        return float(np.log((own + strength * product[cells]) / (rest + strength)).mean())

    strength = max(STRENGTHS, key=left_out)
    joint: Reals = (counts + strength * product) / (totals + strength)[:, :, None]
    return joint, left_out(strength)
