"""`mmbench plugins`."""

from __future__ import annotations

import json
from dataclasses import asdict

import click

from mmbench.registry import KINDS, load_registry

__all__ = ["command"]


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print an array of objects.")
def command(as_json: bool) -> None:
    """List plugins, what each provides, and why a broken one is not loaded."""
    registry = load_registry()
    if as_json:
        click.echo(json.dumps([asdict(plugin) for plugin in registry.plugins], indent=1))
        return
    for plugin in registry.plugins:
        click.echo(
            click.style(f"{plugin.name}", bold=True) + f"  {plugin.distribution} {plugin.version}"
        )
        if plugin.error:
            click.echo(click.style(f"  not loaded: {plugin.error}", fg="red"))
        for kind, names in plugin.provides.items():
            click.echo(f"  {kind}: {', '.join(names)}")
    for kind in KINDS:
        for name, sources in registry.shelf(kind).clashes.items():
            text = (
                f"{kind}: {name!r} is registered by {' and by '.join(sources)}; it cannot be used."
            )
            click.echo(click.style(text, fg="red"))
