"""Items and work for the tests of engines, in a module that workers can import."""

from __future__ import annotations

import ctypes
import gc
import importlib
import os
import signal
import subprocess
import sys
import threading
import time
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mmbench.journal import FileLock


@dataclass
class Item:
    key: str
    action: str = ""
    argument: Any = None

    def columns(self) -> dict[str, Any]:
        return {"job": self.key, "dataset": "digits"}


class RaisesWhenRead:
    def __reduce__(self) -> Any:
        return raise_error, ()


def work(item: Item, report: Callable[[str, float], None]) -> Any:
    report("preparing", 0.0)
    print(f"printed by {item.key}")  # noqa: T201
    report("training", 0.5)
    extra = ACTIONS[item.action](item) if item.action else {}
    return {**item.columns(), "status": "ok", "pid": os.getpid(), **(extra or {})}


def hold(item: Item) -> None:
    """Hold a lock that the test can try, for longer than the test waits."""
    lock = FileLock(Path(item.argument))
    while not lock.acquire():  # The test tries it too.
        time.sleep(0.01)
    time.sleep(60)


def hold_in_child(item: Item) -> None:
    script = (
        "import sys, time; from pathlib import Path; from mmbench.journal import FileLock;"
        "lock = FileLock(Path(sys.argv[1])); time.sleep(60 if lock.acquire() else 0)"
    )
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    with subprocess.Popen([sys.executable, "-c", script, item.argument], env=environment):
        time.sleep(60)


def hold_stubbornly(item: Item) -> None:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    hold(item)


def last_words(item: Item) -> None:
    os.write(2, b"last words\n")
    os._exit(3)


def die_after(item: Item) -> None:
    def die() -> None:
        time.sleep(0.1)
        os._exit(9)

    threading.Thread(target=die).start()


def raise_error(item: Item | None = None) -> None:
    raise ValueError("no such luck")


def describe_threads(item: Item) -> dict[str, Any]:
    lazy = "torch" not in sys.modules
    import torch

    return {"lazy": lazy, "threads": torch.get_num_threads(), "omp": os.environ["OMP_NUM_THREADS"]}


def describe_memory(item: Item) -> dict[str, Any]:
    """What the collector has put aside, and the pages taken again by 200 arrays of a million bytes each."""
    resource = importlib.import_module("resource")  # there is none on Windows

    def faults() -> int:
        return int(resource.getrusage(resource.RUSAGE_SELF).ru_minflt)

    def allocate(times: int) -> None:
        for _ in range(times):
            first, second = bytearray(2**20), bytearray(2**20)
            del first, second

    allocate(2)
    before = faults()
    allocate(100)
    return {"frozen": gc.get_freeze_count(), "faults": faults() - before}


def noise(item: Item) -> None:
    print("out")  # noqa: T201
    os.write(1, b"out by C\n")
    os.write(2, b"err by C\n")
    warnings.warn("a warning", stacklevel=1)


ACTIONS: dict[str, Callable[[Item], Any]] = {
    "die after": die_after,
    "exit": lambda item: sys.exit(4),
    "hold": hold,
    "hold in child": hold_in_child,
    "hold stubbornly": hold_stubbornly,
    "kill": lambda item: os.kill(os.getpid(), signal.SIGKILL),
    "large": lambda item: {"large": "x" * item.argument},
    "last words": last_words,
    "memory": describe_memory,
    "noise": noise,
    "raise": raise_error,
    "segfault": lambda item: ctypes.string_at(0),
    "sleep": lambda item: time.sleep(item.argument),
    "threads": describe_threads,
    "unpicklable": lambda item: {"value": lambda: 1},
}


def no_record(item: Item, report: Callable[[str, float], None]) -> None:
    return None


def chatty(item: Item, report: Callable[[str, float], None]) -> dict[str, Any]:
    for index in range(item.argument):
        report("training", index / item.argument)
    return item.columns()
