"""The columns of a user's own table: their files decoded, and the kinds of their modalities."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
import pandas as pd

from mmbench.data.problems import Problems
from mmbench_datasets.formats.decoding import decode
from mmbench_datasets.own.columns import Column, array_kind
from mmbench_datasets.own.config import Config
from mmbench_datasets.own.frame import known, numbers
from mmbench_datasets.own.kinds import Guess

__all__ = ["Readers", "kinds_of", "read_array", "read_column"]

Readers: TypeAlias = Mapping[str, Callable[[Path], npt.NDArray[Any]]]
"""How files are decoded, by kind of column."""


def read_column(
    problems: Problems, config: Config, frame: pd.DataFrame, name: str, readers: Readers
) -> Column | None:
    """A column with its files decoded; None where one of them is at fault."""
    kind, modality = config.columns[name]
    values = known(frame[name])
    if kind == "number":
        values = numbers(problems, config.table, name, values)
    elif kind in readers:
        paths = [str(value) for value in values if value is not None]
        files = decode(problems, config.table, paths, readers[kind], name)
        if len(files) < len(set(paths)):
            return None
        values = [None if value is None else files[str(value)] for value in values]
    else:
        values = [None if value is None else str(value) for value in values]
    return Column(name, kind, modality, values)


def kinds_of(problems: Problems, config: Config, frame: pd.DataFrame) -> dict[str, Guess]:
    """The kind of each modality; of files, only the headers of arrays are read."""
    kinds: dict[str, Guess] = {}
    for name, (kind, modality) in config.columns.items():
        if kind == "array":
            paths = [str(value) for value in known(frame[name]) if value is not None]
            headers = decode(problems, config.table, paths, _header, name)
            found = array_kind(problems, config.table, name, list(headers.values()))
            kinds |= {modality: found} if found else {}
        elif kind in ("category", "number"):
            kinds[modality] = Guess("tabular", "tabular, of numbers and categories")
        else:
            kinds[modality] = Guess(kind, f"{kind}, as stated")  # type: ignore[arg-type]
    return kinds


def read_array(path: Path) -> npt.NDArray[Any]:
    """An array of numbers from a `.npy` file.

    Raises:
        OSError: if it cannot be read.
        ValueError: if it holds anything else; nothing of it is executed.

    """
    values = np.load(path, allow_pickle=False)
    if not isinstance(values, np.ndarray) or values.dtype.kind not in "fiub" or not values.ndim:
        raise ValueError("no array of numbers with an axis")
    return values


def _header(path: Path) -> tuple[tuple[int, ...], np.dtype[Any]]:
    values = np.load(path, allow_pickle=False, mmap_mode="r")
    return values.shape, values.dtype
