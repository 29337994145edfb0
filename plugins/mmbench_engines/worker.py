"""What runs inside a worker process: it takes an item, does the work and sends the record."""

from __future__ import annotations

import ctypes
import faulthandler
import gc
import importlib
import os
import pickle
import signal
import sys
import threading
import time
import traceback
from collections.abc import Mapping
from dataclasses import dataclass
from multiprocessing import parent_process
from multiprocessing.connection import Connection, wait
from pathlib import Path
from typing import Any, TypeAlias

from mmbench.engine import EngineSettings, Work
from mmbench.records import failed

__all__ = [
    "FIRST_PHASE",
    "Broken",
    "Done",
    "Message",
    "Raised",
    "Ready",
    "Reported",
    "Taken",
    "not_sent",
    "serve",
]

FIRST_PHASE = "start"
REPORT_SECONDS = 0.05
MALLOC_OPTIONS = {
    -3: 32 * 2**20,  # M_MMAP_THRESHOLD: bytes from which memory is given back as soon as it is free
    -1: 2**31 - 1,  # M_TRIM_THRESHOLD: free bytes at the end of the heap that are kept
}
THREAD_VARIABLES = (
    "OMP_NUM_THREADS",
    "MKL_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "VECLIB_MAXIMUM_THREADS",
)


@dataclass(frozen=True)
class Ready:
    """The worker has imported the work and waits for an item."""


@dataclass(frozen=True)
class Broken:
    """The work cannot be imported; the worker ends."""

    trace: str


@dataclass(frozen=True)
class Taken:
    """The worker has received its item."""


@dataclass(frozen=True)
class Reported:
    """The work reported how far it is."""

    phase: str
    done: float


@dataclass(frozen=True)
class Done:
    """The work gave a record, pickled: it may hold what only the worker can import."""

    record: bytes


@dataclass(frozen=True)
class Raised:
    """The item failed; the columns that its record gains by that."""

    failure: dict[str, Any]


Message: TypeAlias = Ready | Broken | Taken | Reported | Done | Raised


def serve(connection: Connection, settings: EngineSettings, log: Path) -> None:
    """Work on the items that come through a connection until it closes."""
    _join_parent()
    _redirect(log)
    _keep_freed_memory()
    for name in THREAD_VARIABLES:  # Read when the libraries load, which nothing has done so far.
        os.environ[name] = str(settings.threads)
    try:
        work = _load(settings.work)
    except BaseException:
        connection.send(Broken(traceback.format_exc()))
        return
    if "torch" in sys.modules:
        sys.modules["torch"].set_num_threads(settings.threads)
    connection.send(Ready())
    while True:
        try:
            payload = connection.recv_bytes()
        except (EOFError, OSError):
            return
        _empty_log()
        connection.send(Taken())
        connection.send(_perform(work, payload, _Reporter(connection)))
        if not gc.get_freeze_count():
            _spare_collector()


def not_sent(error: BaseException) -> dict[str, Any]:
    """The failure of an item that cannot be pickled, or unpickled by the worker."""
    failure = failed({}, FIRST_PHASE, error)
    message = (
        f"Expected an item that can be sent to a worker. Found {failure['error']}. Define what it "
        f"holds in a module that can be imported, not in a script or a notebook."
    )
    return {**failure, "error": message}


class _Reporter:
    """Sends each new phase, and the fraction done a few times a second: a pipe can fill up."""

    def __init__(self, connection: Connection) -> None:
        self.phase = FIRST_PHASE
        self._connection = connection
        self._sent = 0.0

    def __call__(self, phase: str, done: float) -> None:
        now = time.monotonic()
        if phase != self.phase or now - self._sent >= REPORT_SECONDS:
            self.phase, self._sent = phase, now
            self._connection.send(Reported(str(phase), float(done)))


def _perform(work: Work, payload: bytes, report: _Reporter) -> Done | Raised:
    """Do the work on one item; whatever it raises, `SystemExit` included, is a failure."""
    try:
        item = pickle.loads(payload)  # noqa: S301 - written by the parent process
    except BaseException as error:
        return Raised(not_sent(error))
    try:
        record = work(item, report)
        if not isinstance(record, Mapping):
            raise TypeError(
                f"Expected the work to return a record, a mapping. Found {type(record).__name__}."
            )
        return Done(pickle.dumps(dict(record)))
    except BaseException as error:
        return Raised(failed({}, report.phase, error))


def _load(name: str) -> Work:
    module, _, attribute = name.partition(":")
    work: Work = getattr(importlib.import_module(module), attribute)
    return work


def _join_parent() -> None:
    """End with the parent, however it ends, but leave Ctrl-C to it.

    The worker leads a process group of its own, so that what it started can be ended with it.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if sys.platform != "win32":
        os.setpgid(0, 0)
    threading.Thread(target=_watch_parent, name="watch-parent", daemon=True).start()


def _watch_parent() -> None:
    parent = parent_process()
    if parent is not None:
        wait([parent.sentinel])
    if sys.platform != "win32":
        os.killpg(0, signal.SIGKILL)
    os._exit(1)


def _redirect(log: Path) -> None:
    """Send what is printed, also by C code or in a crash, to a file, not to the terminal."""
    stream = log.open("a", buffering=1, encoding="utf-8", errors="backslashreplace")
    os.dup2(stream.fileno(), 1)
    os.dup2(stream.fileno(), 2)
    sys.stdout = sys.stderr = stream
    faulthandler.enable(stream)


def _keep_freed_memory() -> None:
    """Have the C library keep what is freed for what is allocated next.

    What it gives back to the system comes again page by page, which takes a tenth of a training's time.
    """
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (AttributeError, OSError, TypeError):  # not glibc
        return
    for option, most in MALLOC_OPTIONS.items():
        mallopt(option, most)


def _spare_collector() -> None:
    """Have the garbage collector look no more at what the first item imported, half a million objects."""
    gc.collect()
    gc.freeze()


def _empty_log() -> None:
    """Forget what the items before have printed."""
    sys.stdout.flush()
    os.ftruncate(1, 0)
