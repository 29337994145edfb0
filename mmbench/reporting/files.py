"""The files of a report: which names they may have, and how they are written."""

from __future__ import annotations

import os
import re
from pathlib import Path

from mmbench.errors import PluginError

__all__ = ["check_name", "slug", "unique", "write_atomically"]

_NAME = re.compile(r"[a-z0-9_-]{1,100}\Z")


def check_name(name: str) -> str:
    """The name of a table or plot, which becomes a file name.

    Raises:
        PluginError: if it could leave the folder or does not suit every file system.

    """
    if not isinstance(name, str) or not _NAME.match(name):
        raise PluginError(
            "Expected the name of a table or plot to be up to 100 of a-z, 0-9, '_' and '-'. "
            f"Found {name!r}. `mmbench.reporting.files.slug` makes one of any text."
        )
    return name


def slug(text: str) -> str:
    """A name for files and anchors that looks like `text`."""
    return re.sub(r"[^a-z0-9_]+", "-", text.lower()).strip("-")[:80] or "unnamed"


def unique(name: str, taken: set[str]) -> str:
    """`name`, with a number behind it where it is taken; it is taken from then on."""
    candidate, count = name, 2
    while candidate in taken:
        candidate, count = f"{name}-{count}", count + 1
    taken.add(candidate)
    return candidate


def write_atomically(path: Path, content: bytes) -> None:
    """Write the whole file or nothing: a reader never sees half of it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        temporary.write_bytes(content)
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
