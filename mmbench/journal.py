"""The journal: one append-only file of JSON lines per results folder, with one writer."""

from __future__ import annotations

import contextlib
import datetime
import errno
import io
import json
import math
import os
import socket
import sys
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any

from mmbench.errors import JournalError
from mmbench.machine import collection_paused

__all__ = ["FileLock", "Journal"]

TAKEN = (errno.EAGAIN, errno.EACCES, errno.EDEADLK)

if sys.platform == "win32":
    import msvcrt

    def _try_lock(descriptor: int) -> None:
        # Nobody else may read a locked byte on Windows, so one far behind the content is locked.
        os.lseek(descriptor, 1 << 30, os.SEEK_SET)
        msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)

    def _sync_folder(folder: Path) -> None:
        """Windows cannot open a folder; its file systems log the new name themselves."""

else:
    import fcntl

    def _try_lock(descriptor: int) -> None:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)

    def _sync_folder(folder: Path) -> None:
        """Put the name of a new file on the disk, which syncing the file does not."""
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


class FileLock:
    """An exclusive lock between processes, on a small file that says who holds it.

    The operating system frees it when its holder ends, however it ends; the file itself stays. It
    is not reentrant: a second lock on the file is refused, also within one process.

    It stands in for `filelock`, whose older releases empty the file before they hold it, and with
    it the answer to who does.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._descriptor: int | None = None

    def acquire(self) -> bool:
        """Take the lock if it is free; say whether it was.

        Raises:
            OSError: if the file cannot be opened, or lies on a file system without locks.

        """
        flags = os.O_RDWR | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0)
        descriptor = os.open(self.path, flags, 0o644)
        try:
            _try_lock(descriptor)
        except OSError as error:
            os.close(descriptor)
            if error.errno in TAKEN:
                return False
            raise
        os.ftruncate(descriptor, 0)
        os.lseek(descriptor, 0, os.SEEK_SET)
        os.write(descriptor, f"process {os.getpid()} on {socket.gethostname()}".encode())
        self._descriptor = descriptor
        return True

    def release(self) -> None:
        """Give the lock back; nothing happens where it is not held."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None

    def holder(self) -> str:
        """Who took the lock last, such as `process 4711 on node7`."""
        with contextlib.suppress(OSError):
            return self.path.read_text(errors="replace") or "another process"
        return "another process"


class Journal:
    """The records of a results folder, in the order in which they were written.

    Anybody may read at any time. To write, open it (`with Journal(folder) as journal:`): that takes
    the folder's lock and cuts off a last line that a crash left torn. A line counts once its
    newline is written.
    """

    def __init__(self, folder: str | Path, name: str = "journal.jsonl") -> None:
        self.path = Path(folder) / name
        self._lock = FileLock(self.path.with_name(f"{name}.lock"))
        self._file: io.FileIO | None = None

    def __enter__(self) -> Journal:
        self.open()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def open(self) -> io.FileIO:
        """Become the one writer; the folder is made where it is missing.

        Raises:
            JournalError: if another process writes here, or the folder cannot be written.

        """
        if self._file is not None:
            return self._file
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self._take_lock()
            self._file = io.FileIO(self.path, "a")
            self._file.truncate(_sound_size(self.path))
            _sync_folder(self.path.parent)
        except OSError as error:
            self.close()
            raise JournalError(
                f"Expected a results folder that can be written at {self.path.parent}. "
                f"Found: {error}. Choose another folder or correct its permissions."
            ) from error
        return self._file

    def close(self) -> None:
        """Stop writing, so that another process may."""
        if self._file is not None:
            self._file.close()
            self._file = None
        self._lock.release()

    def set_aside(self) -> None:
        """Start anew without losing anything: what there is stays under another name."""
        self.close()
        if self.path.is_file() and self.path.stat().st_size:
            stamp = datetime.datetime.now().strftime("%Y%m%d-%H%M%S")
            self.path.rename(self.path.with_name(f"{self.path.stem}.{stamp}.old"))
        self.open()

    def append(self, record: Mapping[str, Any]) -> None:
        """Add a record and return once it is on the disk; NaN and infinity are written as null.

        Opens the journal where it is not open.

        Raises:
            JournalError: if the record is not JSON, or the disk refuses it; it is not written then.

        """
        values = _strict(record, "")
        line = json.dumps(values, allow_nan=False, separators=(",", ":")).encode() + b"\n"
        file = self.open()
        if not self.path.exists():
            self.close()
            raise JournalError(
                f"Expected the journal to stay at {self.path} while it is written. Found it gone. "
                f"Leave the results folder alone and run the same command again."
            )
        end = file.seek(0, os.SEEK_END)
        try:
            _write(file, line)
        except OSError as error:
            with contextlib.suppress(OSError):
                file.truncate(end)
            self.close()
            raise JournalError(
                f"Expected to write the record of job {record.get('job', '?')} to {self.path}. "
                f"Found: {error}. The records before it are saved, this one is not: make room and "
                f"run the same command again, which goes on from there."
            ) from error

    def read(self) -> list[dict[str, Any]]:
        """Every record, in order; none where there is no journal yet.

        Raises:
            JournalError: if the journal cannot be read, or a line before the last is corrupt.

        """
        # The collector would walk all records over and over: a quarter of the time.
        with collection_paused():
            return list(self.stream())

    def stream(self) -> Iterator[dict[str, Any]]:
        """What `read` gives, one record at a time: all at once are gigabytes after a long run.

        Raises:
            JournalError: as `read` does, once it comes to the line.

        """
        try:
            with self.path.open("rb") as file:
                yield from self._records(file)
        except FileNotFoundError:
            self._expect_folder()
        except OSError as error:
            raise JournalError(
                f"Expected a journal that can be read at {self.path}. Found: {error}. "
                f"Correct its permissions or name another results folder."
            ) from error

    def keys(self) -> set[str]:
        """The keys of the jobs that have a record.

        Raises:
            JournalError: as `read` does.

        """
        return {record["job"] for record in self.stream() if "job" in record}

    def _records(self, lines: Iterable[bytes]) -> Iterator[dict[str, Any]]:
        torn = 0
        for number, line in enumerate(lines, 1):
            if torn:
                raise self._corrupt(torn)
            record = _parse(line)
            if record is None:
                torn = number
            else:
                yield record

    def _take_lock(self) -> None:
        if not self._lock.acquire():
            raise JournalError(
                f"Expected to be the only writer of {self.path}. Found that "
                f"{self._lock.holder()} writes it. Wait until it ends, or name another results "
                f"folder."
            )

    def _corrupt(self, number: int) -> JournalError:
        return JournalError(
            f"Expected line {number} of {self.path} to be one JSON object. Found something else, "
            f"with more records behind it; nothing was changed. Repair that line, or move it out "
            f"of the file: the job it recorded then runs again."
        )

    def _expect_folder(self) -> None:
        """On Windows a file in place of the folder reads as a missing journal."""
        folder = self.path.parent
        if folder.exists() and not folder.is_dir():
            raise JournalError(
                f"Expected a results folder at {folder}. Found a file. Name another results folder."
            )


def _parse(line: bytes) -> dict[str, Any] | None:
    """The record that a line holds; None where the line is torn or not a JSON object."""
    if not line.endswith(b"\n"):
        return None
    try:
        record = json.loads(line.decode())
    except ValueError:
        return None
    return record if isinstance(record, dict) else None


def _sound_size(path: Path) -> int:
    """The size in bytes without a torn last line."""
    size, last = 0, b""
    with path.open("rb") as file:
        for last in file:
            size += len(last)
    return size - len(last) if last and _parse(last) is None else size


def _write(file: io.FileIO, line: bytes) -> None:
    """Write all of a line, which a nearly full disk may take in parts, and wait for the disk."""
    rest = memoryview(line)
    while rest:
        rest = rest[file.write(rest) :]
    os.fsync(file.fileno())


def _strict(value: Any, where: str) -> Any:
    """The value as strict JSON, which has no NaN and no infinity."""
    if value is None or isinstance(value, bool | int | str):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {_key(key, where): _strict(item, f"{where}.{key}") for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_strict(item, f"{where}[{index}]") for index, item in enumerate(value)]
    raise JournalError(
        f"Expected the values of a record to be JSON (str, int, float, bool, None, list, dict). "
        f"Found {type(value).__name__} at {where.lstrip('.')!r}. Convert it, for instance with "
        f".item() or .tolist()."
    )


def _key(key: Any, where: str) -> str:
    if isinstance(key, str):
        return key
    raise JournalError(
        f"Expected the keys of a record to be str. Found {key!r} in "
        f"{where.lstrip('.') or 'the record'!r}. Convert it with str()."
    )
