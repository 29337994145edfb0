"""Columns of a table as modalities."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from mmbench.data.problems import Problems
from mmbench_datasets.formats.series import pad
from mmbench_datasets.own.kinds import Guess, as_kind, guess, unfit
from mmbench_datasets.own.streams import Stream
from mmbench_datasets.own.tabular import tabular

__all__ = ["KINDS", "Column", "array_kind", "streams"]

KINDS = ("array", "audio", "category", "image", "number", "text")
Shape = tuple[int, ...]


@dataclass(frozen=True)
class Column:
    """One decoded column.

    Attributes:
        name: of the column.
        kind: one of `KINDS`.
        modality: that it is, or is part of: numbers and categories of one modality stand side by side.
        values: one a row, None where it is unknown. Images are (3, S, S), audio (T, C), arrays of any
            shape; numbers, categories and text are what they are.

    """

    name: str
    kind: str
    modality: str
    values: Sequence[Any]


def streams(problems: Problems, file: Path | str, columns: Sequence[Column]) -> dict[str, Stream]:
    """The modalities of decoded columns; those at fault are reported and left out."""
    found: dict[str, Stream | None] = {}
    for modality in sorted({column.modality for column in columns}):
        members = [column for column in columns if column.modality == modality]
        if {column.kind for column in members} <= {"category", "number"}:
            pairs = [(column.name, column.kind, column.values) for column in members]
            found[modality] = tabular(problems, file, pairs)
        elif problems.require(
            len(members) == 1,
            file,
            modality,
            "numbers and categories only in a modality of several columns",
            ", ".join(f"{column.name} ({column.kind})" for column in members),
        ):
            found[modality] = _stream(problems, file, members[0])
    return {modality: one for modality, one in found.items() if one is not None}


def array_kind(
    problems: Problems, file: Path | str, name: str, headers: Sequence[tuple[Shape, np.dtype[Any]]]
) -> Guess | None:
    """The kind of a column of arrays of one shape, or of series (T, C) of any T."""
    if not problems.require(bool(headers), file, name, "a value in some row", "none"):
        return None
    shapes, dtypes = map(set, zip(*headers, strict=True))
    ragged = len(shapes) > 1
    fits = not ragged or all(len(shape) == 2 for shape in shapes)
    fits = fits and (not ragged or len({shape[1] for shape in shapes}) == 1)
    dtype = np.result_type(*dtypes) if all(one.kind in "fiub" for one in dtypes) else np.dtype("V")
    found = guess(name, (0, *min(shapes)), dtype, ragged) if fits else None
    if found is None:
        expected = "arrays of numbers, of one shape or series (T, C) of any T"
        problems.add(file, name, expected, f"{dtypes} of {len(shapes)} shapes, as {min(shapes)}")
    return found


def _stream(problems: Problems, file: Path | str, column: Column) -> Stream | None:
    """A modality of one column."""
    known = [value for value in column.values if value is not None]
    here = np.array([value is not None for value in column.values])
    present = None if here.all() else here
    if column.kind == "text" and known:
        texts = np.array([value or "" for value in column.values], dtype=object)
        return Stream(texts, Guess("text", "text, as stated"), present)
    headers = [(value.shape, value.dtype) for value in known]
    found = array_kind(problems, file, column.name, headers)
    if found is None:
        return None
    if column.kind != "array":
        found = Guess(column.kind, f"{column.kind}, as stated")  # type: ignore[arg-type]
    values, lengths = _joined(column.values, known)
    values = as_kind(values, found.kind)
    wrong = unfit(values, found.kind)
    problems.require(not wrong, file, column.name, "finite numbers", wrong)
    return Stream(values, found, present, lengths)


def _joined(
    values: Sequence[Any], known: Sequence[npt.NDArray[Any]]
) -> tuple[npt.NDArray[Any], npt.NDArray[np.int64] | None]:
    """All rows, with zeros where one is unknown, and lengths where they differ."""
    shapes = {value.shape for value in known}
    if len(shapes) == 1:
        empty = np.zeros_like(known[0])
        return np.stack([empty if value is None else value for value in values]), None
    nothing = np.zeros((0, *known[0].shape[1:]))
    return pad([nothing if value is None else value for value in values])
