"""One measurement at a time on a machine."""

from __future__ import annotations

import contextlib
import getpass
import os
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from mmbench.journal import FileLock

__all__ = ["alone"]

POLL_SECONDS = 0.02


def _user() -> str:
    if sys.platform == "win32":
        return getpass.getuser()
    return str(os.getuid())  # A container's user may have no name.


@contextlib.contextmanager
def alone() -> Iterator[None]:
    """Wait until no other process of this user on this machine measures, then keep them waiting.

    Not reentrant. It keeps measurements apart, not a measurement and other work.
    """
    lock = FileLock(Path(tempfile.gettempdir()) / f"mmbench-latency-{_user()}.lock")
    while not lock.acquire():
        time.sleep(POLL_SECONDS)
    try:
        yield
    finally:
        lock.release()
