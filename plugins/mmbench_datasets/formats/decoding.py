"""Files that a table names, decoded one by one."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import TypeVar

from mmbench.data.problems import Problems
from mmbench_datasets.formats.faults import Faults

__all__ = ["decode", "inside"]

T = TypeVar("T")


def inside(root: Path, name: str) -> Path | None:
    """The path that a table names under `root`; None for one that is absolute or goes up.

    A link that lies in the folder is followed: its owner put it there, the table did not.
    """
    there = PurePosixPath(name.replace("\\", "/"))
    if not name or "\0" in name or there.is_absolute() or PureWindowsPath(name).drive:
        return None
    return None if ".." in there.parts else root / there


def decode(
    problems: Problems,
    where: Path | str,
    names: Iterable[str],
    read: Callable[[Path], T],
    field: str = "path",
) -> dict[str, T]:
    """What `read` makes of each file, by its name.

    Names that lead out of the folder and files that are missing are reported before any is decoded,
    files that cannot be read after all have been.

    Args:
        problems: where faults are reported; its root is what the names are relative to.
        where: the table or folder that a problem is reported of.
        names: of files under the root; each is decoded once.
        read: raises `OSError` or `ValueError` for what it cannot decode.
        field: of the table that holds the name.

    """
    unique = list(dict.fromkeys(names))
    faults, paths = Faults(problems, where, len(unique), "files"), {}
    for name in unique:
        path = inside(problems.root, name)
        if path is None:
            faults.note(field, "a path inside the dataset's folder", repr(name))
        elif not path.exists():
            faults.note(field, "an existing file or folder", name)
        else:
            paths[name] = path
    faults.report()
    faults, decoded = Faults(problems, where, len(unique), "files"), {}
    for name, path in paths.items():
        try:
            decoded[name] = read(path)
        except (OSError, ValueError) as error:
            faults.note(field, "a readable file", f"{name} ({error})")
    faults.report()
    return decoded
