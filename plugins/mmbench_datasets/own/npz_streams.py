"""The modalities of an `.npz` file."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from mmbench.data.problems import Problems
from mmbench_datasets.own.kinds import as_kind, guess, unfit
from mmbench_datasets.own.streams import Stream, blank

__all__ = ["Arrays", "streams_of"]

Arrays: TypeAlias = dict[str, npt.NDArray[Any]]

_FITTING = (
    "numbers (N,), (N, F), (N, T, C), (N, H, W), (N, 1|3, H, W), (N, T, 1|3, H, W), or text (N,)"
)
_SIDES = ("y", "split", "group")
_SUFFIXES = re.compile(r"_(present|length)\Z")


def streams_of(problems: Problems, file: Path, arrays: Arrays) -> dict[str, Stream]:
    """Each array of a modality, with its presence and lengths; those at fault are reported."""
    sides = {name for name in arrays if _SUFFIXES.search(name)}
    names = sorted(set(arrays) - sides - set(_SIDES))
    for side in sorted(sides):
        owner = _SUFFIXES.sub("", side)
        problems.require(owner in names, file, side, f"an array {owner!r} that it is of", "none")
    problems.require(bool(names), file, "", "an array of a modality", "only targets")
    streams = {name: _stream(problems, file, name, arrays) for name in names}
    return {name: one for name, one in streams.items() if one is not None}


def _stream(problems: Problems, file: Path, name: str, arrays: Arrays) -> Stream | None:
    raw, has_lengths = arrays[name], f"{name}_length" in arrays
    found = guess(name, raw.shape, raw.dtype, has_lengths)
    sound = re.match(r"[A-Za-z0-9_-]+\Z", name) is not None
    problems.require(sound, file, name, "a name of letters, digits, '_' and '-'", repr(name))
    if found is None:
        problems.add(file, name, _FITTING, f"{raw.dtype} {raw.shape}")
        return None
    values = as_kind(raw, found.kind)
    present = _presence(problems, file, f"{name}_present", arrays)
    values = values if present is None else blank(values, present)
    wrong = unfit(values, found.kind)
    problems.require(not wrong, file, name, "finite numbers, or text", wrong)
    lengths = _lengths(problems, file, f"{name}_length", arrays, values) if has_lengths else None
    return Stream(values, found, present, lengths)


def _presence(
    problems: Problems, file: Path, field: str, arrays: Arrays
) -> npt.NDArray[np.bool_] | None:
    if field not in arrays:
        return None
    raw = arrays[field]
    fits = raw.ndim == 1 and raw.dtype.kind in "iub" and bool(np.isin(raw, (0, 1)).all())
    problems.require(
        fits, file, field, "truth values, or 0 and 1, (N,)", f"{raw.dtype} {raw.shape}"
    )
    return raw.astype(bool) if fits else None


def _lengths(
    problems: Problems, file: Path, field: str, arrays: Arrays, values: npt.NDArray[Any]
) -> npt.NDArray[np.int64] | None:
    raw, steps = arrays[field], values.shape[1] if values.ndim in (3, 5) else 0
    fits = raw.ndim == 1 and raw.dtype.kind in "iu" and bool(((raw >= 0) & (raw <= steps)).all())
    expected = f"whole numbers from 0 to {steps}, (N,)" if steps else "none: it is no series"
    problems.require(fits and steps > 0, file, field, expected, f"{raw.dtype} {raw.shape}")
    return raw.astype(np.int64) if fits else None
