"""The engine `local`: processes on this machine, each started once and used for many items."""

from __future__ import annotations

import atexit
import contextlib
import math
import multiprocessing
import os
import pickle
import signal
import sys
import tempfile
import time
import types
from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from multiprocessing.connection import wait
from pathlib import Path
from typing import Any

from mmbench.engine import EngineSettings, Event, Finished, Item, Progress, Started
from mmbench.errors import BadParameter, PluginError
from mmbench.records import failed
from mmbench_engines.worker import (
    FIRST_PHASE,
    Broken,
    Done,
    Message,
    Raised,
    Ready,
    Reported,
    Taken,
    not_sent,
    serve,
)

__all__ = ["run"]

TICK_SECONDS = 1.0
GRACE_SECONDS = 2.0
START_SECONDS = 120.0
TAIL_CHARACTERS = 4000


def run(items: Iterable[Item], settings: EngineSettings) -> Iterator[Event]:
    """Work on items in processes of their own and yield what happens, as it happens.

    Each item gives one `Started`, any number of `Progress` and one `Finished`. Where a worker dies
    or takes longer than `settings.timeout`, the item it had gets a failed record whose `traceback`
    is the last of what the process printed, and another worker takes its place. What workers print
    is not shown.

    Workers do not run the caller's script again, so that it needs no `if __name__ == "__main__"`;
    nor can they see what it defines. Closing the iterator ends them, and so does the end of this
    process.

    Raises:
        BadParameter: if a setting is out of its range.
        PluginError: from the iterator, if the workers cannot import `settings.work`.
    """
    for name in ("workers", "threads"):
        if getattr(settings, name) < 1:
            raise BadParameter(f"Expected {name} to be 1 or more. Found {getattr(settings, name)}.")
    if settings.timeout is not None and settings.timeout <= 0:
        raise BadParameter(
            f"Expected the timeout to be more than 0 seconds. Found {settings.timeout}. "
            f"Leave it out to let jobs take as long as they need."
        )
    return _events(deque(items), settings)


def _events(queue: deque[Item], settings: EngineSettings) -> Iterator[Event]:
    with tempfile.TemporaryDirectory(prefix="mmbench-", ignore_cleanup_errors=True) as logs:
        team = _Team(queue, settings, Path(logs))
        # An iterator that is still referenced as Python ends is never closed.
        atexit.register(team.stop)
        try:
            yield from team.events()
        finally:
            team.stop()
            atexit.unregister(team.stop)


class _Team:
    """The workers, and the items that none of them has yet."""

    def __init__(self, queue: deque[Item], settings: EngineSettings, logs: Path) -> None:
        self.queue = queue
        self.settings = settings
        self.logs = logs
        self.workers: list[_Worker] = []
        self.leaving: list[_Worker] = []
        self.hired = 0

    def events(self) -> Iterator[Event]:
        self._hire()
        while self.workers:
            self._wait()
            for worker in list(self.workers):
                yield from self._attend(worker)
            self._hire()
        for worker in self.leaving:
            worker.process.join(GRACE_SECONDS)

    def stop(self) -> None:
        """End every worker that is left."""
        staff = [worker for worker in (*self.workers, *self.leaving) if not worker.dead]
        for worker in staff:
            worker.send_signal()
        deadline = time.monotonic() + GRACE_SECONDS
        for worker in staff:
            worker.end(deadline - time.monotonic())
        self.workers.clear()
        self.leaving.clear()

    def _hire(self) -> None:
        """Start workers, as many as allowed and no more than there are items for."""
        idle = sum(worker.item is None for worker in self.workers)
        while len(self.workers) < self.settings.workers and idle < len(self.queue):
            self.hired += 1
            log = self.logs / f"worker-{self.hired}.log"
            self.workers.append(_Worker(self.settings, log))
            idle += 1

    def _wait(self) -> None:
        """Wait until a worker has something to say, has died or is overdue."""
        deadlines = [worker.deadline for worker in self.workers if worker.deadline is not None]
        soonest = min(deadlines, default=math.inf) - time.monotonic()
        sources = [source for worker in self.workers for source in worker.sources]
        # A process that a worker left behind can keep both of its sources open: hence the tick.
        wait(sources, min(max(soonest, 0.0), TICK_SECONDS))

    def _attend(self, worker: _Worker) -> Iterator[Event]:
        dead = worker.dead  # Asked before its messages are read: those it sent last still count.
        for message in worker.messages():
            yield from self._heed(worker, message)
            if worker not in self.workers:
                return
        if dead or worker.lost:
            yield from self._lose(worker, worker.cause_of_death())
        elif worker.overdue:
            yield from self._lose(worker, f"timed out after {self.settings.timeout:g} s")

    def _heed(self, worker: _Worker, message: Message) -> Iterator[Event]:
        if isinstance(message, Broken):
            raise PluginError(
                f"Expected workers to import {self.settings.work!r}. Found:\n{message.trace}"
            )
        if isinstance(message, Ready):
            worker.ready = True
            yield from self._feed(worker)
        elif worker.item is not None:
            yield from self._heed_item(worker, worker.item, message)

    def _heed_item(self, worker: _Worker, item: Item, message: Message) -> Iterator[Event]:
        if isinstance(message, Taken):
            worker.started = True
            yield Started(item.key)
        elif isinstance(message, Reported):
            worker.phase = message.phase
            yield Progress(item.key, message.phase, message.done)
        elif isinstance(message, Done | Raised):
            record = _record(item, worker.phase, message)
            worker.give_up_item()
            worker.finished += 1
            yield Finished(item.key, record)
            yield from self._feed(worker)

    def _feed(self, worker: _Worker) -> Iterator[Event]:
        """Give a worker the next item that can be sent; let it go where there is none."""
        while self.queue:
            item = self.queue.popleft()
            try:
                payload = pickle.dumps(item)
            except Exception as error:
                yield from _failed_unstarted(item, not_sent(error))
            else:
                worker.take(item, payload)
                return
        worker.connection.close()
        self.workers.remove(worker)
        self.leaving.append(worker)

    def _lose(self, worker: _Worker, reason: str) -> Iterator[Event]:
        """End a worker; the item it had, or would have had, has failed."""
        worker.end()
        self.workers.remove(worker)
        failure = {**failed({}, worker.phase, reason), "traceback": worker.printed()}
        if worker.item is None:
            if not worker.ready and self.queue:
                yield from _failed_unstarted(self.queue.popleft(), failure)
        elif worker.started:
            yield Finished(worker.item.key, {**worker.item.columns(), **failure})
        elif worker.finished:
            self.queue.appendleft(worker.item)  # It died of an item before this one.
        else:
            yield from _failed_unstarted(worker.item, failure)


class _Worker:
    """One worker process, and the item it has."""

    def __init__(self, settings: EngineSettings, log: Path) -> None:
        context = multiprocessing.get_context("spawn")
        self.connection, theirs = context.Pipe()
        self.process = context.Process(target=serve, args=(theirs, settings, log))
        with _script_hidden():
            self.process.start()
        theirs.close()
        self.log = log
        self.timeout = settings.timeout
        self.deadline = self._after(START_SECONDS)
        self.ready = False
        self.lost = False
        self.finished = 0
        self.give_up_item()

    def give_up_item(self) -> None:
        self.item: Item | None = None
        self.started = False
        self.phase = FIRST_PHASE

    def take(self, item: Item, payload: bytes) -> None:
        self.item = item
        self.deadline = self._after(0.0)
        # That a worker has just died is noticed soon after, and the item is given to another.
        with contextlib.suppress(OSError):
            self.connection.send_bytes(payload)

    def messages(self) -> Iterator[Message]:
        """What it has sent so far; `lost` is set where it will send no more."""
        try:
            while self.connection.poll():
                yield self.connection.recv()
        except (EOFError, OSError):
            self.lost = True

    @property
    def sources(self) -> tuple[Any, int]:
        """What becomes readable as it sends, and as it dies."""
        return self.connection, self.process.sentinel

    @property
    def dead(self) -> bool:
        return self.process.exitcode is not None

    @property
    def overdue(self) -> bool:
        return self.deadline is not None and time.monotonic() > self.deadline

    def cause_of_death(self) -> str:
        self.process.join(GRACE_SECONDS)  # Its end of the pipe closes a moment before it is gone.
        code = self.process.exitcode
        if code is None:
            return "worker closed its connection"
        if code >= 0:
            return f"worker died with exit code {code}"
        name = signal.Signals(-code).name
        hint = " (the system does so where memory runs out)" if name == "SIGKILL" else ""
        return f"worker died of signal {name}{hint}"

    def printed(self) -> str:
        """The last of what the process printed since it took its item."""
        with contextlib.suppress(OSError):
            return self.log.read_text("utf-8", errors="replace")[-TAIL_CHARACTERS:]
        return ""

    def send_signal(self, *, kill: bool = False) -> None:
        """Terminate or kill the process and what it has started."""
        if sys.platform == "win32" or self.process.pid is None:
            self.process.kill()
            return
        number = signal.SIGKILL if kill else signal.SIGTERM
        try:
            os.killpg(self.process.pid, number)
        except (ProcessLookupError, PermissionError):  # It is gone, or does not lead its group yet.
            if not self.dead:
                os.kill(self.process.pid, number)

    def end(self, grace: float = GRACE_SECONDS) -> None:
        """Terminate the process, or kill it where it resists, and wait for it."""
        self.connection.close()
        self.send_signal()
        self.process.join(max(grace, 0.0))
        self.send_signal(kill=True)
        self.process.join()

    def _after(self, seconds: float) -> float | None:
        return None if self.timeout is None else time.monotonic() + self.timeout + seconds


def _record(item: Item, phase: str, message: Done | Raised) -> Mapping[str, Any]:
    if isinstance(message, Raised):
        return {**item.columns(), **message.failure}
    try:
        record: Mapping[str, Any] = pickle.loads(message.record)  # noqa: S301 - written by our worker
    except Exception as error:
        return failed(item.columns(), phase, error)
    return record


def _failed_unstarted(item: Item, failure: Mapping[str, Any]) -> Iterator[Event]:
    yield Started(item.key)
    yield Finished(item.key, {**item.columns(), **failure})


@contextlib.contextmanager
def _script_hidden() -> Iterator[None]:
    """Keep a new process from running the caller's script, as spawned processes do at first."""
    script = sys.modules["__main__"]
    sys.modules["__main__"] = types.ModuleType("__main__")
    try:
        yield
    finally:
        sys.modules["__main__"] = script
