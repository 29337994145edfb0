"""Tables of rows from JSON, JSON lines and CSV, checked field by field."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, TypeAlias

from mmbench.data.problems import Problems
from mmbench_datasets.formats.faults import Faults

__all__ = ["Row", "Types", "by", "checked", "read_csv", "read_json", "read_json_lines"]

Row: TypeAlias = dict[str, Any]
Types: TypeAlias = type | tuple[type, ...]

_NAMES = {
    str: "text",
    int: "a whole number",
    list: "a list",
    dict: "an object",
    bool: "a truth value",
}


def read_json(problems: Problems, path: Path) -> Any:
    """The value in a JSON file, None where it cannot be read."""
    with problems.reading(path):
        return json.loads(path.read_text(encoding="utf-8"))
    return None


def read_json_lines(problems: Problems, path: Path) -> list[Any]:
    """One value a line; blank lines are skipped."""
    with problems.reading(path):
        lines = path.read_text(encoding="utf-8").splitlines()
        return [json.loads(line) for line in lines if line.strip()]
    return []


def read_csv(problems: Problems, path: Path, fields: tuple[str, ...]) -> list[Row]:
    """Rows of named fields, in their order, with or without a first line that names them.

    What follows the last of the fields is ignored, as are blank lines.
    """
    with problems.reading(path), path.open(encoding="utf-8-sig", newline="") as file:
        lines = [[cell.strip() for cell in line] for line in csv.reader(file) if any(line)]
        if lines and tuple(cell.lower() for cell in lines[0][: len(fields)]) == fields:
            lines = lines[1:]
        rows = [
            {name: cell for name, cell in zip(fields, line, strict=False) if cell} for line in lines
        ]
        return checked(problems, path, rows, dict.fromkeys(fields, str))
    return []


def checked(
    problems: Problems, file: Path | str, rows: Any, fields: Mapping[str, Types]
) -> list[Row]:
    """The rows that hold a value of the right type in every field; the others are reported.

    Args:
        problems: where they are reported.
        file: that the rows were read from.
        rows: what should be a list of objects.
        fields: name -> type or types.

    """
    if not problems.require(
        isinstance(rows, list) and bool(rows), file, "rows", "a list of at least one", _found(rows)
    ):
        return []
    faults, sound = Faults(problems, file, len(rows)), []
    for number, row in enumerate(rows):
        wrong = [name for name, types in fields.items() if not _holds(row, name, types)]
        for name in wrong:
            faults.note(name, _expected(fields[name]), f"row {number}")
        if not wrong:
            sound.append(row)
    faults.report()
    return sound


def by(rows: Iterable[Row], field: str) -> dict[Any, Row]:
    """The rows by the value of one field."""
    return {row[field]: row for row in rows}


def _holds(row: Any, name: str, types: Types) -> bool:
    return isinstance(row, dict) and isinstance(row.get(name), types)


def _expected(types: Types) -> str:
    listed = types if isinstance(types, tuple) else (types,)
    return " or ".join(_NAMES.get(kind, kind.__name__) for kind in listed)


def _found(rows: Any) -> str:
    return f"a list of {len(rows)}" if isinstance(rows, list) else type(rows).__name__
