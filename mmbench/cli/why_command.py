"""`mmbench why`."""

from __future__ import annotations

from pathlib import Path

import click

from mmbench.journal import Journal
from mmbench.provenance import explain
from mmbench.registry import load_registry
from mmbench.results import JOBS, require_journal

__all__ = ["command"]


@click.command()
@click.argument("folder", metavar="DIR", type=click.Path(path_type=Path))
@click.argument("job", metavar="JOB")
def command(folder: Path, job: str) -> None:
    """Say which part of its key made JOB run, and whether it would run again now.

    JOB is the job's key as in the column `job`, or its beginning.
    """
    require_journal(folder)
    reasons = explain(Journal(folder, JOBS).read(), job, load_registry())
    record = reasons.record
    click.echo(
        f"{record['job']}: {record['fusion']} on {record['dataset']}, weighting {record['weighting']}, "
        f"objective {record['objective']}, seed {record['seed']}: {record['status']}"
    )
    if reasons.ran is None:
        click.echo("It ran because it had no record.")
    elif not reasons.ran:
        click.echo("It ran again because that was asked for; nothing in its key had changed.")
    else:
        click.echo("It ran because these differ from the record before:")
    for line in reasons.ran or []:
        click.echo(f"  {line}")
    if reasons.would_run:
        click.echo("It would run again, because these have changed since:")
        for line in reasons.would_run:
            click.echo(f"  {line}")
    else:
        click.echo("It would not run again: nothing in its key has changed.")
