"""How much of a target two modalities share, have alone, or have only together: an estimate from samples."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from mmbench.data.interactions import Interactions
from mmbench.data.profile_symbols import MOST_CLASSES, fit
from mmbench.errors import NotApplicable
from mmbench.seeding import derive

__all__ = ["Estimate", "estimate"]

FEWEST = 100
FOLDS = 5
DRAWS = 1000

Reals: TypeAlias = npt.NDArray[np.float64]
Whole: TypeAlias = npt.NDArray[np.integer]


@dataclass(frozen=True)
class Estimate:
    """Interactions in bits, with a bootstrap interval of 95 %.

    Attributes:
        value: the estimate; a part that is not there may come out a little below zero.
        low: lower ends.
        high: upper ends.
        entropy: of the target in bits, which is what there is to know.
        samples: how many it was estimated from.

    """

    value: Interactions
    low: Interactions
    high: Interactions
    entropy: float
    samples: int


def estimate(
    first: Reals,
    second: Reals,
    targets: Whole,
    seed: int,
    groups: npt.NDArray[np.generic] | None = None,
) -> Estimate:
    """Estimate the interactions of two modalities by symbols that are fitted and scored on different samples.

    This is the estimator CVX of Liang 2023, NeurIPS, arXiv:2302.12247: features become symbols, the clusters of
    k-means, and the convex programme of `mmbench.data.interactions` is solved on the tables of symbols and
    target. (Its other one, BATCH, trains networks, and would speak of their training as well.)

    What differs is the correction of the bias. Information that is read off counts is too large, and
    synergy, whose table has the most cells, most of all. Here symbols, tables and the solution of the
    programme are fitted on four of five folds, and the fifth is scored by its log-likelihood. Behind
    the four parts are four informations: of one modality, of the other, of both, and of both without
    synergy (any scores that fulfil the programme's constraint bound it from below). All of them are
    estimates of a lower bound: they can miss information, and make none of noise. How many
    symbols there are, and how far a table is drawn to a simpler one, is decided within the four folds.
    A scored sample's symbol is soft, p(symbol | features).

    Args:
        first: features of one modality, (N, F1), on one scale.
        second: of the other, (N, F2).
        targets: class of each sample, (N,).
        seed: of folds, clusters and resampling.
        groups: subject of each sample, (N,); folds and resamples keep subjects whole.

    Raises:
        NotApplicable: if there are too few samples or groups, or too many classes.

    """
    classes, targets = np.unique(targets, return_inverse=True)
    units = np.arange(len(targets)) if groups is None else np.unique(groups, return_inverse=True)[1]
    _check(len(targets), len(classes), len(np.unique(units)))
    rng = np.random.default_rng(derive(seed, "interactions"))
    folds = _dealt(targets, units, rng)
    shares = np.log2(np.bincount(targets) / len(targets))[targets]
    bits = np.empty((len(targets), 4))
    for fold in range(FOLDS):
        kept, held = folds != fold, folds == fold
        fitted = fit(first[kept], second[kept], targets[kept], len(classes), seed)
        bits[held] = fitted.log_likelihoods(first[held], second[held], targets[held])
    one, two, least, both = bits.T - shares
    parts = np.stack([one + two - least, least - two, least - one, both - least], axis=1)
    low, high = np.quantile(_resampled(parts, units, rng), (0.025, 0.975), axis=0).tolist()
    return Estimate(
        Interactions(*parts.mean(axis=0).tolist()),
        Interactions(*low),
        Interactions(*high),
        entropy=abs(float(shares.mean())),
        samples=len(targets),
    )


def _dealt(targets: Whole, units: Whole, rng: np.random.Generator) -> Whole:
    """The fold of each sample (N,): units dealt out at random, those of one class evenly."""
    first = targets[np.unique(units, return_index=True)[1]]
    order = np.lexsort((rng.random(len(first)), first))
    folds = np.empty(len(first), dtype=np.int64)
    folds[order] = np.arange(len(first)) % FOLDS
    return folds[units]


def _check(samples: int, classes: int, units: int) -> None:
    if samples < FEWEST or units < FOLDS:
        raise NotApplicable(
            f"Expected at least {FEWEST} samples with both modalities, of at least {FOLDS} groups, to "
            f"estimate interactions. Found {samples} of {units}."
        )
    if classes > MOST_CLASSES:
        raise NotApplicable(
            f"Expected at most {MOST_CLASSES} classes to estimate interactions. Found {classes}."
        )


def _resampled(parts: Reals, units: Whole, rng: np.random.Generator) -> Reals:
    """Means (DRAWS, 4) over units that are drawn with replacement."""
    sizes = np.bincount(units)
    sums = np.stack([np.bincount(units, column) for column in parts.T], axis=1)
    drawn = rng.multinomial(len(sizes), np.full(len(sizes), 1 / len(sizes)), size=DRAWS)
    means: Reals = (drawn @ sums) / (drawn @ sizes)[:, None]
    return means
