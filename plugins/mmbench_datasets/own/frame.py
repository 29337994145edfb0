"""The CSV or Parquet file of a user's own table, column by column."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from mmbench.data.problems import Problems
from mmbench_datasets.formats.decoding import inside
from mmbench_datasets.formats.faults import Faults
from mmbench_datasets.formats.optional import optional
from mmbench_datasets.own.config import FILE, Config
from mmbench_datasets.own.targets import Target, read_target

__all__ = ["known", "numbers", "read_frame", "target"]


def read_frame(problems: Problems, config: Config) -> pd.DataFrame | None:
    """The table, with every column that the configuration names; only an empty cell is unknown."""
    path = inside(problems.root, config.table)
    suffixes = (".csv", ".parquet")
    if path is None or path.suffix.lower() not in suffixes or not path.is_file():
        expected = f"a file {' or '.join(suffixes)} inside the folder"
        problems.add(FILE, "table", expected, repr(config.table))
        return None
    frame = None
    with problems.reading(config.table, "a readable table"):
        if config.table.lower().endswith(".csv"):
            frame = pd.read_csv(path, dtype=str, keep_default_na=False, na_values=[""])
        else:
            optional("pyarrow", "to read Parquet")
            frame = pd.read_parquet(path)
    if frame is None:
        return None
    problems.require(len(frame) > 0, config.table, "rows", "at least one", "none")
    sides = [name for name in (config.group, config.split) if name]
    for name in (*config.columns, *config.target, *sides):
        listed = ", ".join(map(str, frame.columns))
        problems.require(
            name in frame, config.table, name, "a column of this name", f"only {listed}"
        )
    return None if problems.found else frame


def known(column: pd.Series[Any]) -> list[Any]:
    """The values of a column, None where one is unknown."""
    return [None if _is_unknown(value) else value for value in column.tolist()]


def numbers(problems: Problems, file: str, name: str, values: list[Any]) -> list[float | None]:
    """Values as numbers; those that are none are reported."""
    parsed = [_number(value) for value in values]
    faults = Faults(problems, file, len(values))
    for row, (value, number) in enumerate(zip(values, parsed, strict=True)):
        if value is not None and number is None:
            faults.note(name, "a number or an empty cell", f"{value!r} in row {row}")
    faults.report()
    return parsed


def target(problems: Problems, frame: pd.DataFrame, config: Config) -> Target | None:
    """The targets, numbers where all of them are; in retrieval without a column, each row is an item."""
    file, field = config.table, ", ".join(config.target)
    if not config.target:
        return read_target(problems, file, "", np.arange(len(frame)), config.task)
    faults, columns = Faults(problems, file, len(frame)), list[npt.NDArray[Any]]()
    for name in config.target:
        values = known(frame[name])
        for row, value in enumerate(values):
            if value is None:
                faults.note(name, "a target in each row", f"row {row}")
        columns.append(_typed(values))
    if not faults.report():
        return None
    raw = columns[0] if len(columns) == 1 else np.stack(columns, axis=1)
    found = read_target(problems, file, field, raw, config.task)
    if found is not None and found.task in ("multilabel", "regression"):
        return replace(found, names=config.target)
    return found


def _typed(values: list[Any]) -> npt.NDArray[Any]:
    """Whole numbers, reals or truth values where all are, else text."""
    if all(isinstance(value, bool) for value in values):
        return np.array(values)
    parsed = pd.to_numeric(pd.Series(values, dtype=object), errors="coerce")
    return np.array(values, dtype=str) if parsed.isna().any() else parsed.to_numpy()


def _number(value: Any) -> float | None:
    try:
        return None if value is None else float(value)
    except (TypeError, ValueError):
        return None


def _is_unknown(value: Any) -> bool:
    return (
        value is None
        or value is pd.NA
        or value == ""
        or (isinstance(value, float) and value != value)
    )
