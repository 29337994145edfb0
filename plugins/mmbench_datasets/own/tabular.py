"""Numbers and categories of a table as one array."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from mmbench.data.problems import Problems
from mmbench_datasets.formats.labels import encode
from mmbench_datasets.own.kinds import Guess
from mmbench_datasets.own.streams import Stream

__all__ = ["tabular"]

_MOST_CATEGORIES = 256


def tabular(
    problems: Problems, file: Path | str, columns: Sequence[tuple[str, str, Sequence[Any]]]
) -> Stream | None:
    """Columns (name, `number` or `category`, values) side by side: (N, F) float32.

    A number takes one place, a category one for each of its values, 0 or 1; both are NaN in a row
    where they are unknown.
    """
    parts = [
        _numbers(problems, file, name, values)
        if kind == "number"
        else _places(problems, file, name, values)
        for name, kind, values in columns
    ]
    joined = [part for part in parts if part is not None]
    if len(joined) < len(parts):
        return None
    names = ", ".join(f"{name} ({kind})" for name, kind, _ in columns)
    return Stream(np.concatenate(joined, axis=1), Guess("tabular", f"tabular from {names}"))


def _numbers(
    problems: Problems, file: Path | str, name: str, values: Sequence[Any]
) -> npt.NDArray[np.float32] | None:
    numbers = np.array([np.nan if value is None else value for value in values], dtype=np.float32)
    infinite = int(np.isinf(numbers).sum())
    ok = problems.require(
        infinite == 0,
        file,
        name,
        "finite numbers",
        f"infinity in {infinite} of {len(numbers)} rows",
    )
    return numbers[:, None] if ok else None


def _places(
    problems: Problems, file: Path | str, name: str, values: Sequence[Any]
) -> npt.NDArray[np.float32] | None:
    known = np.array([value is not None for value in values])
    codes, names = encode(value for value in values if value is not None)
    expected = f"1 to {_MOST_CATEGORIES} categories (state `text` where it is text)"
    if not problems.require(
        0 < len(names) <= _MOST_CATEGORIES, file, name, expected, f"{len(names)}"
    ):
        return None
    places = np.full((len(values), len(names)), np.nan, dtype=np.float32)
    places[known] = np.eye(len(names), dtype=np.float32)[codes]
    return places
