"""`mmbench env`."""

from __future__ import annotations

import json

import click

from mmbench.machine import describe

__all__ = ["command"]


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print one object.")
def command(as_json: bool) -> None:
    """Describe this machine and the installed versions, as run.json records them."""
    found = describe()
    if as_json:
        click.echo(json.dumps(found, indent=1))
        return
    width = max(map(len, found))
    for name, value in found.items():
        click.echo(f"{name:<{width}}  {value}")
