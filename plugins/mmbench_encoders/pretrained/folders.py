"""The cache folder, and folders in it that are written once."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path

from filelock import FileLock

__all__ = ["cache_folder", "written_once"]


def cache_folder() -> Path:
    """`$MMBENCH_CACHE`, or `~/.cache/mmbench`."""
    return Path(os.environ.get("MMBENCH_CACHE") or Path.home() / ".cache" / "mmbench")


def written_once(folder: Path, write: Callable[[Path], None]) -> Path:
    """The folder, as `write` fills it; processes that want it at once wait for the first.

    A folder appears with all it holds or not at all, since it is renamed when it is complete.
    """
    if folder.exists():
        return folder
    folder.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(f"{folder}.lock"):
        if not folder.exists():
            draft = Path(tempfile.mkdtemp(dir=folder.parent, prefix=f".{folder.name}-"))
            try:
                write(draft)
                draft.rename(folder)
            except BaseException:
                shutil.rmtree(draft, ignore_errors=True)
                raise
    return folder
