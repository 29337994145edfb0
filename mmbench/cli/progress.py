"""Progress bars: one for the stage, one for each item that runs now."""

from __future__ import annotations

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

from mmbench.engine import Event, Finished, Started
from mmbench.engine import Progress as ProgressEvent

__all__ = ["Bars"]


class Bars:
    """Draws a run on a terminal; elsewhere it prints a line each tenth of the way."""

    def __init__(self, console: Console, names: dict[str, str]) -> None:
        self._console = console
        self._names = names
        self._failed = 0

    def begin(self, title: str, total: int) -> None:
        self._title, self._total, self._done = title, total, 0
        self._running: dict[str, TaskID] = {}
        self._progress = Progress(
            TextColumn("{task.description}", markup=False),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            TimeRemainingColumn(),
            console=self._console,
            transient=True,
            disable=not self._console.is_terminal,
        )
        self._progress.start()
        self._stage = self._progress.add_task(title, total=total)

    def event(self, event: Event) -> None:
        if isinstance(event, Started):
            name = self._names.get(event.key, event.key)
            self._running[event.key] = self._progress.add_task(f"  {name}", total=100)
        elif isinstance(event, ProgressEvent):
            if event.key in self._running:
                self._progress.update(self._running[event.key], completed=int(100 * event.done))
        else:
            self._finish(event)

    def end(self) -> None:
        self._progress.stop()

    def _finish(self, event: Finished) -> None:
        if event.key in self._running:
            self._progress.remove_task(self._running.pop(event.key))
        self._done += 1
        record = event.record
        if record["status"] == "failed":
            self._failed += 1
            name = self._names.get(event.key, event.key)
            text = f"failed: {name}: {record['phase']}: {record['error']}"
            self._progress.console.print(text, style="red", markup=False, highlight=False)
        failed = f" ({self._failed} failed)" if self._failed else ""
        self._progress.update(
            self._stage, completed=self._done, description=f"{self._title}{failed}"
        )
        tenth = max(self._total // 10, 1)
        if not self._console.is_terminal and (self._done % tenth == 0 or self._done == self._total):
            self._console.print(f"{self._title}: {self._done}/{self._total}{failed}")
