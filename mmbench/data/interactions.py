"""Redundancy, uniqueness and synergy of two sources about a target, exact on tables of probabilities."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from mmbench.errors import DataError

__all__ = ["Interactions", "WithoutSynergy", "decompose", "information", "without_synergy"]

GAP = 1e-7
"""Nats that the optimum may be missed by."""
_NEWTON_STEPS = 50
_RIDGE = 1e-14

Reals: TypeAlias = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Interactions:
    """Bits about a target that two sources share, that only one of them has, and that only both together have."""

    redundancy: float
    unique_1: float
    unique_2: float
    synergy: float


@dataclass(frozen=True)
class WithoutSynergy:
    """The least that two sources can tell of a target, given what each tells.

    Attributes:
        information: nats about the target.
        scores_1: `(K1, C)`; −∞ where a symbol and a class never meet.
        scores_2: `(K2, C)`; over the classes, `exp(scores_1[i] + scores_2[j])` sums to at most 1 for
            all i and j: what the sources say of the target in a sum of scores, without synergy.

    """

    information: float
    scores_1: Reals
    scores_2: Reals


def decompose(joint: npt.ArrayLike) -> Interactions:
    """The decomposition of a joint distribution `(K1, K2, C)` of two sources and a target.

    Bertschinger 2014, Entropy 16(4), arXiv:1311.2839, and for modalities Liang 2023, NeurIPS,
    arXiv:2302.12247: synergy is what is lost, of the information that both sources have, by the worst
    joint distribution with the same two distributions of a source and the target.

    Raises:
        DataError: if it is no distribution of three variables.

    """
    p = np.asarray(joint, dtype=np.float64)
    if p.ndim != 3 or not (p >= 0).all() or not np.isclose(p.sum(), 1):
        raise DataError(
            f"Expected probabilities of shape (K1, K2, C) that sum to 1. "
            f"Found shape {p.shape} and the sum {p.sum():g}."
        )
    first, second = p.sum(axis=1), p.sum(axis=0)
    one, two = information(first), information(second)
    both = information(p.reshape(-1, p.shape[2]))
    least = without_synergy(first, second).information / float(np.log(2))
    least = min(max(least, one, two), both)
    return Interactions(one + two - least, least - two, least - one, both - least)


def information(joint: Reals) -> float:
    """Mutual information in bits of a joint distribution `(K, C)`."""
    independent = joint.sum(axis=1, keepdims=True) * joint.sum(axis=0, keepdims=True)
    met = joint > 0
    return float((joint[met] * np.log2(joint[met] / independent[met])).sum())


def without_synergy(first: Reals, second: Reals, gap: float = GAP) -> WithoutSynergy:
    """Minimise the information of two sources, of which each keeps its joint distribution with the target.

    For any scores u, v with Σ_c exp(u_ic + v_jc) ≤ 1 the cross-entropy shows that
    Σ p(i, c) u_ic + Σ p(j, c) v_jc + H(target) is a lower bound, and the best one is the minimum. It is
    found by Newton's method with a logarithmic barrier, which decreases to `gap`.

    Args:
        first: `(K1, C)` joint distribution of the first source and the target.
        second: `(K2, C)` of the second; its sums over the source are those of `first`.
        gap: nats that the minimum may be missed by, at most.

    """
    dual = _Dual(first, second)
    scores = dual.start()
    cells = len(first) * len(second)
    for barrier in np.geomspace(1, gap, max(2, round(np.log10(1 / gap)) + 1)) / cells:
        scores = dual.climb(scores, float(barrier))
    target = first.sum(axis=0)
    entropy = -float((target[target > 0] * np.log(target[target > 0])).sum())
    return WithoutSynergy(dual.bound(scores) + entropy, *dual.spread(scores))


class _Dual:
    """The bound as a concave function of the scores (A,) of the symbols and classes that do meet."""

    def __init__(self, first: Reals, second: Reals) -> None:
        self._shapes = first.shape, second.shape
        self._cells = len(first) * len(second)
        joined = np.concatenate([first.ravel(), second.ravel()])
        self._met = joined > 0
        self._p = joined[self._met]
        # What is added to a class's scores of one source and taken from the other's changes nothing.
        unit = np.eye(first.shape[1])
        signs = np.concatenate([np.tile(unit, (len(first), 1)), np.tile(-unit, (len(second), 1))])
        self._idle = signs[self._met] @ signs[self._met].T

    def start(self) -> Reals:
        """Scores inside the constraint: log p(c | i) − log 2 and log p(j | c)."""
        first, second = self.spread(np.log(self._p))
        with np.errstate(invalid="ignore"):
            first = first - np.logaddexp.reduce(first, axis=1, keepdims=True) - np.log(2)
            second = second - np.logaddexp.reduce(second, axis=0, keepdims=True)
        return np.asarray(np.concatenate([first.ravel(), second.ravel()])[self._met])

    def spread(self, scores: Reals) -> tuple[Reals, Reals]:
        """Scores as tables of the two sources."""
        joined = np.full(len(self._met), -np.inf)
        joined[self._met] = scores
        size = self._shapes[0][0] * self._shapes[0][1]
        return joined[:size].reshape(self._shapes[0]), joined[size:].reshape(self._shapes[1])

    def bound(self, scores: Reals) -> float:
        return float(self._p @ scores)

    def climb(self, scores: Reals, barrier: float) -> Reals:
        """Newton's method, until the bound with its barrier can grow by a thousandth of the gap only."""
        value = self._value(scores, barrier)
        for _ in range(_NEWTON_STEPS):
            step, slope = self._newton(scores, barrier)
            if slope < 1e-3 * barrier * self._cells:
                break
            length = 1.0
            while (
                moved := self._value(scores + length * step, barrier)
            ) < value + slope * length / 4:
                length /= 2
                if length < 1e-9:  # as far as floats go
                    return scores
            scores, value = scores + length * step, moved
        return scores

    def _value(self, scores: Reals, barrier: float) -> float:
        left = 1 - self._likelihoods(scores).sum(axis=2)
        if left.min() <= 0:
            return -np.inf
        return self.bound(scores) + barrier * float(np.log(left).sum())

    def _likelihoods(self, scores: Reals) -> Reals:
        """exp(u + v): `(K1, K2, C)`."""
        first, second = self.spread(scores)
        return np.asarray(np.exp(first[:, None] + second[None]))

    def _newton(self, scores: Reals, barrier: float) -> tuple[Reals, float]:
        """The step, and the slope of the value along it."""
        likelihoods = self._likelihoods(scores)
        # At the optimum this is the distribution that was sought, and the gradient says that it keeps p.
        q = barrier * likelihoods / (1 - likelihoods.sum(axis=2, keepdims=True))
        sums = np.concatenate([q.sum(axis=1).ravel(), q.sum(axis=0).ravel()])
        gradient = self._p - sums[self._met]
        hessian = _curvature(q, barrier)[np.ix_(self._met, self._met)]
        size = np.trace(hessian) / len(hessian)
        firm = self._idle + _RIDGE * np.eye(len(hessian))
        step = np.linalg.solve(hessian + size * firm, gradient)
        return step, float(gradient @ step)


def _curvature(q: Reals, barrier: float) -> Reals:
    """The negative Hessian, ((K1 + K2)·C, (K1 + K2)·C)."""
    k1, k2, classes = q.shape
    whole = np.zeros((k1 + k2, classes, k1 + k2, classes))
    one, two, every = np.arange(k1), np.arange(k1, k1 + k2), np.arange(classes)
    whole[one, :, one] = np.einsum("ijc,ijd->icd", q, q) / barrier
    whole[two, :, two] = np.einsum("ijc,ijd->jcd", q, q) / barrier
    across = q[:, :, :, None] * q[:, :, None] / barrier
    across[:, :, every, every] += q
    whole[:k1, :, k1:] = across.transpose(0, 2, 1, 3)
    whole[k1:, :, :k1] = across.transpose(1, 3, 0, 2)
    whole = whole.reshape((k1 + k2) * classes, -1)
    np.einsum("aa->a", whole)[:] += np.concatenate([q.sum(axis=1).ravel(), q.sum(axis=0).ravel()])
    return whole
