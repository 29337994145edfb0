"""`mmbench new`."""

from __future__ import annotations

from pathlib import Path

import click

from mmbench.scaffold import SCAFFOLDS, write_package

__all__ = ["command"]


@click.command()
@click.argument("kind", type=click.Choice(SCAFFOLDS))
@click.argument("name")
@click.option(
    "--out",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path(),
    metavar="DIR",
    help="The folder to make the package's folder in. Default: here.",
)
def command(kind: str, name: str, out: Path) -> None:
    """Write the package of a new plugin: code, registration, test and README.

    It can be installed and passes `mmbench check NAME` as it is written; then change its code.
    """
    folder = write_package(kind, name, out)
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        click.echo(f"  {path}")
    click.echo(f"Next: pip install -e {folder} && mmbench check {kind}:{name}")
