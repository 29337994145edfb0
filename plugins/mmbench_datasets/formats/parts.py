"""Pickles of `{train, valid, test: {field: array}}`, the form that affect data comes in."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from mmbench_datasets.formats.arrays import Checks, Size
from mmbench_datasets.formats.pickles import read_arrays

__all__ = ["Part", "features", "read_parts", "sentiment", "videos"]

Part: TypeAlias = dict[str, npt.NDArray[Any]]

_PARTS = {"train": "train", "valid": "validation", "test": "test"}
_CLIP = re.compile(r"\$_\$.*|\[\d+\]\Z")


def read_parts(checks: Checks, read_part: Callable[[Checks, str, Any], Part | None]) -> Part | None:
    """The arrays of all parts, joined, and their `split`; None where there are problems.

    `read_part(checks, name, content)` gives the arrays of one part.
    """
    content = read_arrays(checks.problems, checks.file)
    if content is None or checks.fields("content", content, tuple(_PARTS)) is None:
        return None
    read = {split: read_part(checks, name, content[name]) for name, split in _PARTS.items()}
    parts = {split: part for split, part in read.items() if part is not None}
    if len(parts) < len(read):
        return None
    counts = [len(next(iter(part.values()))) for part in parts.values()]
    split = np.repeat(list(parts), counts)
    joined: Part = {"split": split}
    for field in parts["train"]:
        arrays = [part[field] for part in parts.values()]
        shapes = [array.shape[1:] for array in arrays]
        expected, found = "samples of one shape in all parts", ", ".join(map(str, shapes))
        one = len(set(shapes)) == 1
        if not checks.problems.require(one, checks.file, field, expected, found):
            return None
        joined[field] = np.concatenate(arrays)
    return joined


def videos(checks: Checks, field: str, identifiers: Any) -> npt.NDArray[np.object_] | None:
    """The video that each clip was cut from.

    An identifier is `video$_$clip`, `video[clip]`, or a row that begins with the video.
    """
    try:
        first = [np.ravel(np.asarray(row, dtype=object))[0] for row in identifiers]
    except (IndexError, TypeError):
        found = type(identifiers).__name__
        checks.problems.add(checks.file, field, "an identifier a sample", f"{found} without one")
        return None
    names = [name.decode(errors="replace") if isinstance(name, bytes) else name for name in first]
    return np.array([_CLIP.sub("", str(name)) for name in names], dtype=object)


def features(checks: Checks, field: str, value: Any, size: Size) -> npt.NDArray[np.float32] | None:
    """Features (N, T, size); −∞ in audio, the logarithm of silence, becomes 0."""
    found = checks.numbers(field, value, ("N", "T", size))
    if found is None:
        return None
    with np.errstate(over="ignore"):  # what float32 cannot hold is reported below
        series = found.astype(np.float32)
    if field.endswith("audio"):
        series[np.isneginf(series)] = 0
    return series if checks.finite(field, series) else None


def sentiment(checks: Checks, field: str, value: Any, limit: int) -> npt.NDArray[np.float64] | None:
    """One real number in [−limit, limit] a clip."""
    labels = checks.column(field, value)
    if labels is None:
        return None
    outside = np.logical_not(np.abs(labels) <= limit)
    fine = checks.rows(field, f"a number in [-{limit}, {limit}]", outside)
    return labels.astype(np.float64) if fine else None
