"""What is wrong with files on disk: raised at once when they are loaded, collected when they are validated."""

from __future__ import annotations

import os
import pickle
import struct
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from mmbench.errors import DataError

__all__ = ["Problem", "Problems"]

_UNREADABLE = (
    OSError,
    ValueError,  # UnicodeDecodeError and JSON's errors are ValueErrors
    KeyError,
    IndexError,
    EOFError,
    SyntaxError,  # how pillow names a broken PNG
    RuntimeError,
    struct.error,
    pickle.UnpicklingError,
    zipfile.BadZipFile,
)


@dataclass(frozen=True)
class Problem:
    """One fault: where, what should hold, and what was found."""

    file: str
    field: str
    expected: str
    found: str

    def __str__(self) -> str:
        where = f"{self.file}: {self.field}" if self.field else self.file
        return f"{where}: expected {self.expected}, found {self.found}"


class Problems:
    """Takes the faults of a folder or file, and notes on what is no fault.

    Args:
        root: the folder or file that is read.
        strict: raise the first fault, instead of collecting all in `found`.

    """

    def __init__(self, root: Path, strict: bool = True) -> None:
        self.root = Path(root)
        self.strict = strict
        self.found: list[Problem] = []
        self.notes: list[str] = []

    def add(self, file: Path | str, field: str, expected: str, found: str) -> None:
        """Note a fault.

        Raises:
            DataError: with the fault as its message, if strict.

        """
        problem = Problem(self._name(file), field, expected, found)
        if self.strict:
            raise DataError(f"{problem}.")
        self.found.append(problem)

    def require(self, ok: bool, file: Path | str, field: str, expected: str, found: str) -> bool:
        """Note a fault unless `ok`, and return `ok`."""
        if not ok:
            self.add(file, field, expected, found)
        return bool(ok)

    def note(self, file: Path | str, text: str) -> None:
        """Note what a user should know although nothing is wrong, such as samples that are left out."""
        self.notes.append(f"{self._name(file)}: {text}")

    def path(self, *parts: str, needed: str = "") -> Path | None:
        """A file or folder below the root that must exist; None where it does not.

        A link below the root is followed: its owner put it there.

        Args:
            *parts: of the path, which may not leave the root.
            needed: what it is for, for the message.

        """
        path = self.root.joinpath(*parts)
        purpose = f" ({needed})" if needed else ""
        if not Path(os.path.normpath(path)).is_relative_to(os.path.normpath(self.root)):
            self.add(path, "", f"a path inside {self.root}{purpose}", "one that leaves it")
            return None
        if not path.exists():
            self.add(path, "", f"this file or folder{purpose}", "nothing")
            return None
        return path

    @contextmanager
    def reading(self, file: Path | str, what: str = "a readable file") -> Iterator[None]:
        """Note as a fault of the file that what is read inside cannot be read."""
        try:
            yield
        except DataError as error:
            if self.strict:
                raise
            self.add(file, "", what, str(error).rstrip("."))
        except _UNREADABLE as error:
            reason = getattr(error, "strerror", None) or str(error) or "the end of the file"
            self.add(file, "", what, f"{type(error).__name__}: {reason}")

    def _name(self, file: Path | str) -> str:
        path = Path(file)
        if path == self.root:
            return path.name
        return str(path.relative_to(self.root)) if path.is_relative_to(self.root) else str(file)
