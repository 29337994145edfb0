"""A bundle of jobs from start to records: they train together, and are evaluated one by one."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from mmbench.bundles import Bundle
from mmbench.data.sealed import Vault
from mmbench.errors import NotApplicable
from mmbench.jobs import Job
from mmbench.records import failed, opened, skipped
from mmbench.training.build import Recipe
from mmbench.training.tuning import tune_together
from mmbench.worker import closed_job, opened_job, run_job

__all__ = ["run_item"]

Report = Callable[[str, float], None]


def run_item(item: Job | Bundle, report: Report) -> Mapping[str, Any]:
    """The record of a job; of a bundle, `{"records": […]}`."""
    if isinstance(item, Bundle):
        return {"records": _run_bundle(item.jobs, report)}
    return run_job(item, report)


def _run_bundle(jobs: Sequence[Job], report: Report) -> list[dict[str, Any]]:
    parts = [_Part(job, report) for job in jobs]
    for part in parts:
        part.open()
    ready = [part for part in parts if not part.ended]
    for part in ready:
        part.enter("train", 0.0)
    started = time.perf_counter()
    found = tune_together(
        [part.recipe for part in ready],
        [part.vault.training.to(part.job.device) for part in ready],
        lambda done: report("train", done),
    )
    seconds = (time.perf_counter() - started) / max(len(ready), 1)
    for part, tuned in zip(ready, found, strict=True):
        with part.ending():
            if isinstance(tuned, Exception):
                raise tuned
            part.record = closed_job(
                part.recipe, part.vault, tuned, part.record, seconds, part.enter
            )
    return [part.record for part in parts]


class _Part:
    """One job of a bundle, and its record."""

    vault: Vault
    recipe: Recipe

    def __init__(self, job: Job, report: Report) -> None:
        self.job, self._report = job, report
        self.phase, self.ended = "load", False
        self.record: dict[str, Any] = opened(job.columns())

    def open(self) -> None:
        with self.ending():
            self.vault, self.recipe = opened_job(self.job, self.record, self.enter)

    @contextmanager
    def ending(self) -> Iterator[None]:
        """What goes wrong is this job's record, and costs no other."""
        try:
            yield
        except NotApplicable as reason:
            self.record, self.ended = skipped(self.record, self.phase, reason), True
        except Exception as error:
            self.record, self.ended = failed(self.record, self.phase, error), True

    def enter(self, phase: str, done: float = 0.0) -> None:
        self.phase = phase
        self._report(phase, done)
