"""Faults of one kind in many rows, reported as one problem."""

from __future__ import annotations

from pathlib import Path

from mmbench.data.problems import Problems

__all__ = ["Faults"]

_EXAMPLES = 3


class Faults:
    """Faults among the rows of one file: each kind is reported once, with its number and examples.

    Args:
        problems: where they are reported.
        file: the file or folder that the rows are in.
        total: number of rows.
        unit: what a row is called.

    """

    def __init__(
        self, problems: Problems, file: Path | str, total: int, unit: str = "rows"
    ) -> None:
        self._problems, self._file = problems, file
        self._total, self._unit = total, unit
        self._examples: dict[tuple[str, str], list[str]] = {}

    def note(self, field: str, expected: str, example: object) -> None:
        """One row whose `field` is not as `expected`; `example` says which row, or what it holds."""
        self._examples.setdefault((field, expected), []).append(str(example))

    def report(self) -> bool:
        """Report what was noted; whether it was nothing.

        Raises:
            DataError: for the first kind of fault, where problems are raised at once.

        """
        for (field, expected), examples in self._examples.items():
            shown = ", ".join(examples[:_EXAMPLES]) + (", …" if len(examples) > _EXAMPLES else "")
            found = f"{len(examples)} of {self._total} {self._unit} otherwise: {shown}"
            self._problems.add(self._file, field, expected, found)
        return not self._examples
