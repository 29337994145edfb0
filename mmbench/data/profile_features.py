"""Raw values of any modality as a few plain features, fitted on the training part."""

from __future__ import annotations

import re
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
from sklearn.decomposition import TruncatedSVD
from sklearn.feature_extraction.text import TfidfVectorizer

from mmbench.data.preparation import Standardise
from mmbench.data.samples import Samples
from mmbench.errors import DataError

__all__ = ["Features", "features_of", "plain"]

WORDS = 5000
COMPONENTS = 128
PARTS = 8
"""Cells along a side of an image, and segments of a series."""
FIRST = 1000
"""Training samples that tell the mean and spread of a channel."""
BATCH = 256

Reals: TypeAlias = npt.NDArray[np.float64]
Mask: TypeAlias = npt.NDArray[np.bool_]


def features_of(
    samples: Samples,
    name: str,
    train: npt.NDArray[np.int64],
    held: npt.NDArray[np.int64],
    seed: int,
) -> Reals:
    """Features (N, F) of a modality, of the training samples and then the held ones; zeros where it is absent."""
    rows = np.concatenate([train, held])
    here = samples.present.get(name, np.ones(len(samples), dtype=bool))
    shown, learned = rows[here[rows]], train[here[train]]
    if len(learned) == 0:
        return np.zeros((len(rows), 1))
    values: npt.NDArray[Any] = samples.inputs[name]
    try:
        fitted = Features(seed).fit(values[learned], _mask(samples, name, learned))
        found = fitted.transform(values[shown], _mask(samples, name, shown))
    except DataError as error:
        raise DataError(f"Modality {name!r}: {error}") from error
    features = np.zeros((len(rows), found.shape[1]))
    features[here[rows]] = found
    return features


class Features:
    """At most `COMPONENTS` columns whose mean square is 1 over all of them.

    Numbers are standardised by channel, an unknown value being the mean, and become `plain` features,
    standardised again; text becomes tf-idf. Wider features are reduced by truncated SVD.
    """

    def __init__(self, seed: int) -> None:
        self._seed = seed % 2**32

    def fit(self, values: npt.NDArray[Any], mask: Mask | None = None) -> Features:
        """Learn from the training part: raw values (N, …) and mask of real steps (N, T)."""
        self._words = _vocabulary(values)
        if self._words is None:
            first = None if mask is None else mask[:FIRST]
            self._channels = Standardise().fit(values[:FIRST], first)
            columns = self._plain(values, mask)
            self._mean, spread = columns.mean(axis=0), columns.std(axis=0)
            self._spread = np.where(spread > 1e-8, spread, 1.0)
        rows = self._rows(values, mask)
        most = min(COMPONENTS, rows.shape[0])
        self._reduce: TruncatedSVD | None = None
        if rows.shape[1] > most:
            with np.errstate(invalid="ignore", divide="ignore"):  # of shares of no variance
                self._reduce = TruncatedSVD(most, random_state=self._seed).fit(rows)
        self._scale = float(np.sqrt(np.mean(self._reduced(rows) ** 2))) or 1.0
        return self

    def transform(self, values: npt.NDArray[Any], mask: Mask | None = None) -> Reals:
        """Features (N, F) of samples of any part."""
        return self._reduced(self._rows(values, mask)) / self._scale

    def _rows(self, values: npt.NDArray[Any], mask: Mask | None) -> Any:
        if self._words is not None:
            return self._words.transform(_strings(values))
        return (self._plain(values, mask) - self._mean) / self._spread

    def _plain(self, values: npt.NDArray[Any], mask: Mask | None) -> Reals:
        found = []
        for start in range(
            0, len(values), BATCH
        ):  # copies of all pixels at once would fill the memory
            rows = slice(start, start + BATCH)
            here = None if mask is None else mask[rows]
            found.append(plain(self._channels.transform(values[rows], here).values.numpy(), here))
        return np.concatenate(found)

    def _reduced(self, rows: Any) -> Reals:
        reduced = rows if self._reduce is None else self._reduce.transform(rows)
        return np.asarray(reduced if isinstance(reduced, np.ndarray) else reduced.toarray())


def plain(values: npt.NDArray[Any], mask: Mask | None = None) -> Reals:
    """A few numbers (N, F) that say what is in each sample.

    Tabular values (N, F) as they are; pixels (N, C, H, W) averaged over at most 8 by 8 cells; of a
    series (N, T, C), each channel's mean, standard deviation and means over 8 equal segments, its low
    frequencies, over the real steps; of a video, mean and standard deviation over time of such pixels.
    """
    numbers = values.astype(np.float64)
    if numbers.ndim == 5:
        cells = _cells(numbers)
        numbers = np.stack([cells.mean(axis=1), cells.std(axis=1)], axis=1)
    elif numbers.ndim == 4:
        numbers = _cells(numbers)
    elif numbers.ndim == 3:
        numbers = _series(numbers, mask)
    return numbers.reshape(len(numbers), -1)


def _cells(pixels: Reals) -> Reals:
    """Means over a grid of cells of the last two axes."""
    for axis in (-1, -2):
        size = pixels.shape[axis]
        starts = np.unique(np.arange(PARTS) * size // PARTS)
        sums = np.add.reduceat(pixels, starts, axis=axis)
        widths = np.diff([*starts, size])
        pixels = sums / (widths if axis == -1 else widths[:, None])
    return pixels


def _series(steps: Reals, mask: Mask | None) -> Reals:
    """Of real steps (N, T, C): mean, means of segments, standard deviation, (N, `PARTS` + 2, C)."""
    real = np.ones(steps.shape[:2], dtype=bool) if mask is None else mask
    length = real.sum(axis=1)
    edges = -(-np.arange(PARTS + 1) * length[:, None] // PARTS)
    known = np.where(real[:, :, None], steps, 0.0)
    sums = np.pad(known.cumsum(axis=1), ((0, 0), (1, 0), (0, 0)))
    segments = np.diff(np.take_along_axis(sums, edges[:, :, None], axis=1), axis=1)
    segments /= np.maximum(np.diff(edges), 1)[:, :, None]
    count = np.maximum(length, 1)[:, None]
    mean = sums[:, -1] / count
    spread = np.sqrt(np.maximum((known**2).sum(axis=1) / count - mean**2, 0))
    return np.concatenate([mean[:, None], segments, spread[:, None]], axis=1)


def _vocabulary(values: npt.NDArray[Any]) -> TfidfVectorizer | None:
    if values.dtype.kind not in "OUS":
        return None
    words = TfidfVectorizer(analyzer=_words, max_features=WORDS, sublinear_tf=True)
    return words.fit(_strings(values))


def _words(text: str) -> list[str]:
    """Words in small letters; one of no letters for a text without words, which has to be something."""
    return re.findall(r"\w+", text.lower()) or [""]


def _strings(values: npt.NDArray[Any]) -> list[str]:
    return [str(value) for value in values]


def _mask(samples: Samples, name: str, index: npt.NDArray[np.int64]) -> Mask | None:
    if name not in samples.lengths:
        return None
    real: Mask = np.arange(samples.inputs[name].shape[1]) < samples.lengths[name][index][:, None]
    return real
