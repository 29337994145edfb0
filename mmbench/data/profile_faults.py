"""Samples that a user should look at: far from all others, or in two parts of the split at once."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import combinations
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
from sklearn.ensemble import IsolationForest

from mmbench.data.samples import Samples

__all__ = ["Outliers", "Repeated", "outliers", "repeated"]

MADS = 3.5
"""Robust standard deviations beyond which a sample is an outlier: Iglewicz and Hoaglin 1993."""
_OF_NORMAL = 1.4826
"""Standard deviation of a normal distribution over its median absolute deviation."""

Index: TypeAlias = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Outliers:
    """Samples that are isolated more easily than the others.

    Attributes:
        share: of the samples looked at.
        ids: their positions in the dataset, the most isolated first.

    """

    share: float
    ids: list[int]


@dataclass(frozen=True)
class Repeated:
    """Equal values in two parts of a split.

    Attributes:
        earlier: the one part.
        later: the other.
        modality: whose values are equal; empty where those of all modalities are.
        samples: of the later part, whose values stand in the earlier part too.
        ids: pairs of positions in the dataset, in the earlier and the later part.

    """

    earlier: str
    later: str
    modality: str
    samples: int
    ids: list[tuple[int, int]]


def outliers(features: npt.NDArray[Any], trained: int, ids: Index, seed: int) -> Outliers:
    """Find outliers by an isolation forest (Liu 2008, ICDM), fitted on the training part.

    An outlier's anomaly exceeds the training part's median by `MADS` robust standard deviations (by as
    many plain ones where more than half of the samples are alike).

    Args:
        features: (N, F), the training part first.
        trained: how many are of the training part.
        ids: (N,) positions in the dataset.
        seed: of the forest.

    """
    forest = IsolationForest(random_state=seed % 2**32).fit(features[:trained])
    anomaly = -forest.score_samples(features)
    usual = anomaly[:trained]
    middle = np.median(usual)
    spread = _OF_NORMAL * np.median(np.abs(usual - middle)) or usual.std()
    found = np.flatnonzero(anomaly > middle + MADS * spread)
    worst = found[np.argsort(-anomaly[found], kind="stable")]
    return Outliers(len(found) / len(features), ids[worst].tolist())


def repeated(
    samples: Samples, names: tuple[str, ...], parts: Mapping[str, Index]
) -> list[Repeated]:
    """Samples of two parts whose values are equal, in all modalities and in each of several.

    Values of an absent modality are equal to none but absent ones, and count only with the others.
    """
    digests = {name: _digests(samples, name) for name in names}
    whole = np.array(["".join(row) for row in zip(*digests.values(), strict=True)], dtype=object)
    alone = digests if len(names) > 1 else {}
    return [
        found
        for modality, values in {"": whole, **alone}.items()
        for earlier, later in combinations(parts, 2)
        if (found := _between(modality, values, earlier, later, parts)).samples
    ]


def _between(
    modality: str, values: npt.NDArray[Any], earlier: str, later: str, parts: Mapping[str, Index]
) -> Repeated:
    first = {
        value: int(place)
        for place, value in zip(parts[earlier], values[parts[earlier]], strict=True)
    }
    pairs = [
        (first[value], int(place))
        for place, value in zip(parts[later], values[parts[later]], strict=True)
        if value.strip("-") and value in first
    ]
    return Repeated(earlier, later, modality, len(pairs), pairs)


def _digests(samples: Samples, name: str) -> npt.NDArray[Any]:
    """A string a sample, the same for equal values; "-" where the modality is absent."""
    values = samples.inputs[name]
    here = samples.present.get(name, np.ones(len(values), dtype=bool))
    rows = (
        (str(value).encode() for value in values)
        if values.dtype.kind in "OUS"
        else (np.ascontiguousarray(value).tobytes() for value in values)
    )
    return np.array(
        [
            hashlib.blake2b(row, digest_size=16).hexdigest() if there else "-"
            for row, there in zip(rows, here, strict=True)
        ],
        dtype=object,
    )
