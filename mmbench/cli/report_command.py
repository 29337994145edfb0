"""`mmbench report`."""

from __future__ import annotations

from pathlib import Path

import click

from mmbench.results import JOBS, MEASUREMENTS
from mmbench.runner import make_report

__all__ = ["command"]


@click.command()
@click.argument("folder", metavar="DIR", type=click.Path(path_type=Path))
@click.option("--out", type=click.Path(path_type=Path), help="Write there instead of into DIR.")
def command(folder: Path, out: Path | None) -> None:
    """Write tables, plots and the page of the results folder DIR, from its journal alone.

    A folder that `mmbench latency` has made will do too.
    """
    if (folder / MEASUREMENTS).is_file() and not (folder / JOBS).is_file():
        # Imported here: other folders need not wait for torch.
        from mmbench.latency.report import write_latency_report

        click.echo(write_latency_report(folder, out=out)[1])
    else:
        click.echo(make_report(folder, out))
