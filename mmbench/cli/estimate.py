"""An estimate in words."""

from __future__ import annotations

import click

from mmbench.estimate import Estimate, estimate
from mmbench.jobs import Job
from mmbench.options import RunOptions
from mmbench.registry import load_registry
from mmbench.runner import Listener

__all__ = ["print_estimate"]


def print_estimate(options: RunOptions, jobs: list[Job], listener: Listener) -> None:
    """To stderr, so that the list of jobs on stdout stays one that programs can read."""
    click.echo(_in_words(estimate(options, load_registry(), jobs, listener)), err=True)


def _in_words(found: Estimate) -> str:
    """`Estimate: at most 3 min 20 s on 2 workers, peak memory 1.9 GB (shapes of job: 12 measured)`."""
    parts = {
        "from records": found.recorded,
        "measured": found.measured,
        "taken to be like those": found.alike,
        "failed and left out": found.failed,
    }
    shapes = ", ".join(f"{count} {how}" for how, count in parts.items() if count)
    bound = "at most " if found.at_most else ""
    memory = f", peak memory {found.memory_mb / 1000:.1f} GB" if found.memory_mb else ""
    return (
        f"Estimate: {bound}{_duration(found.seconds)} on {found.workers} "
        f"worker{'s' * (found.workers != 1)}{memory} (shapes of job: {shapes or 'none to run'})"
    )


def _duration(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours} h {minutes} min"
    return f"{minutes} min {rest} s" if minutes else f"{rest} s"
