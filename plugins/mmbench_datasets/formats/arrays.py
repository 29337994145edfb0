"""Arrays as a file holds them, checked before they are used."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from mmbench.data.problems import Problems
from mmbench.errors import BadParameter
from mmbench_datasets.formats.faults import Faults

__all__ = ["Checks", "Size", "only_file", "shrink"]

Array: TypeAlias = npt.NDArray[Any]
Size: TypeAlias = int | str
"""Of an axis: a number, or a letter where any will do."""


def only_file(problems: Problems, name: str) -> Path | None:
    """The only file of a dataset: the root itself, or the file of this name in the root."""
    return problems.root if problems.root.is_file() else problems.path(name)


@dataclass(frozen=True)
class Checks:
    """Checks of what one file holds. What fails is a problem of the file, and gives None or False."""

    problems: Problems
    file: Path

    def fields(self, where: str, content: Any, names: tuple[str, ...]) -> Mapping[str, Any] | None:
        """`content` as a dictionary that has all these names."""
        if not isinstance(content, Mapping):
            found = type(content).__name__
            self._fail(where, f"a dictionary of {', '.join(names)}", found)
            return None
        missing = [name for name in names if name not in content]
        if missing:
            found = ", ".join(map(str, content)) or "an empty dictionary"
            self._fail(where, f"also {', '.join(missing)}", f"only {found}")
        return None if missing else content

    def numbers(self, field: str, value: Any, shape: tuple[Size, ...]) -> Array | None:
        """`value` as at least one row of real numbers of this shape; a dataset of HDF5 stays on disk."""
        expected = f"numbers of shape ({', '.join(map(str, shape))}{',' * (len(shape) == 1)})"
        try:
            on_disk = hasattr(value, "shape") and not isinstance(value, np.ndarray)
            array = value if on_disk else np.asarray(value)
        except ValueError:
            self._fail(field, expected, "rows of different shapes")
            return None
        fits = array.ndim == len(shape) and all(
            isinstance(size, str) or size == found
            for size, found in zip(shape, array.shape, strict=True)
        )
        if fits and array.dtype.kind in "fiub" and array.size > 0:
            return array
        self._fail(field, expected, f"{array.dtype} of shape {array.shape}")
        return None

    def column(self, field: str, value: Any) -> Array | None:
        """`value` as one real number a sample: (N,) from (N,), (N, 1) or (N, 1, 1)."""
        axes = getattr(value, "shape", ())[1:]
        flat = np.reshape(value, -1) if set(axes) == {1} else value
        return self.numbers(field, flat, ("N",))

    def classes(self, field: str, value: Any, count: int) -> npt.NDArray[np.int64] | None:
        """`value` as classes (N,): whole numbers in [0, count)."""
        labels = self.column(field, value)
        if labels is None:
            return None
        outside = ~np.isin(labels, np.arange(count))
        fine = self.rows(field, f"a whole number from 0 to {count - 1}", outside)
        return labels.astype(np.int64) if fine else None

    def finite(self, field: str, array: Array) -> bool:
        """Whether no row (N, …) holds NaN or infinity."""
        if array.dtype.kind != "f":
            return True
        axes = tuple(range(1, array.ndim))
        fine = [np.isfinite(array[rows]).all(axis=axes) for rows in _chunks(len(array))]
        return self.rows(field, "finite numbers", ~np.concatenate(fine))

    def rows(self, field: str, expected: str, bad: Any) -> bool:
        """Whether no row is bad; `bad` is (N,) of bool."""
        faults = Faults(self.problems, self.file, len(bad))
        for row in np.flatnonzero(bad):
            faults.note(field, expected, f"row {row}")
        return faults.report()

    def as_long(self, arrays: Mapping[str, Any]) -> bool:
        """Whether all hold as many rows as the first."""
        (first, leader), *others = arrays.items()
        expected = f"{len(leader)} rows, as {first} has"
        odd = {field: len(array) for field, array in others if len(array) != len(leader)}
        for field, count in odd.items():
            self._fail(field, expected, str(count))
        return not odd

    def _fail(self, field: str, expected: str, found: str) -> None:
        self.problems.add(self.file, field, expected, found)


def shrink(pictures: Array, size: int) -> npt.NDArray[np.float32]:
    """Pictures (N, C, H, W) as the means over a grid of areas: (N, C, size, size).

    Raises:
        BadParameter: if the size is none.

    """
    import torch  # takes seconds to import, which formats without pictures need not wait for

    if size < 1:
        raise BadParameter(f"Expected `size` to be at least 1. Found {size}.")
    small = [
        torch.nn.functional.adaptive_avg_pool2d(
            torch.from_numpy(np.array(pictures[rows], dtype=np.float32)), size
        ).numpy()
        for rows in _chunks(len(pictures))
    ]
    return np.concatenate(small)


def _chunks(count: int) -> Iterator[slice]:
    """A thousand rows at a time: the whole may not fit in memory."""
    return (slice(start, start + 1000) for start in range(0, count, 1000))
