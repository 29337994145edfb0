"""`mmbench report`."""

from __future__ import annotations

from pathlib import Path

import click

from mmbench.runner import make_report

__all__ = ["command"]


@click.command()
@click.argument("folder", metavar="DIR", type=click.Path(path_type=Path))
@click.option("--out", type=click.Path(path_type=Path), help="Write there instead of into DIR.")
def command(folder: Path, out: Path | None) -> None:
    """Write tables, plots and the page of the results folder DIR, from its journal alone."""
    click.echo(make_report(folder, out))
