"""`mmbench list`."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import click

from mmbench.registrations import Dataset, Encoder, Fusion, Registration, Suite
from mmbench.registry import KINDS, Shelf, load_registry
from mmbench.suite_datasets import states

__all__ = ["command"]


@click.command()
@click.argument("kind", required=False, type=click.Choice(sorted(KINDS)))
@click.option("--json", "as_json", is_flag=True, help="Print an array of objects.")
def command(kind: str | None, as_json: bool) -> None:
    """List what plugins bring: all of it, or one KIND."""
    registry = load_registry()
    shelves = {name: registry.shelf(name) for name in ([kind] if kind else sorted(KINDS))}
    if as_json:
        rows = [row for shelf in shelves.values() for row in _rows(shelf)]
        click.echo(json.dumps(rows, indent=1))
        return
    for name, shelf in shelves.items():
        _print(name, shelf)
    for plugin in registry.broken:
        click.echo(f"Warning: plugin {plugin.name!r} is not loaded: {plugin.error}", err=True)
    for shelf in shelves.values():
        for name, sources in shelf.clashes.items():
            listed = " and ".join(sources)
            click.echo(f"Warning: {shelf.kind} {name!r} is registered by {listed}.", err=True)


def _rows(shelf: Shelf[Any]) -> list[dict[str, Any]]:
    return [
        {
            "kind": shelf.kind,
            "name": name,
            "plugin": " and ".join(shelf.sources[name]),
            "summary": entry.summary,
            "paper": entry.paper,
            "parameters": {key: repr(space) for key, space in entry.parameters.items()},
            **_details(entry),
        }
        for name, entry in shelf.entries.items()
    ]


def _details(entry: Registration) -> dict[str, Any]:
    if isinstance(entry, Fusion):
        return {
            "level": entry.level,
            "role": entry.role,
            "tasks": list(entry.tasks),
            "vectorises": entry.vectorises,
        }
    if isinstance(entry, Dataset):
        modalities = {name: entry.modality(name).kind for name in entry.modalities}
        return {
            "task": entry.task,
            "modalities": modalities,
            "licence": entry.licence,
            "source": entry.source,
        }
    if isinstance(entry, Encoder):
        return {"kinds": list(entry.kinds)}
    if isinstance(entry, Suite):
        return {
            "title": entry.title,
            "text": entry.text,
            "datasets": states(entry, load_registry()),
            "fusions": list(entry.fusions),
            "weightings": list(entry.weightings),
            "metrics": {task: list(metrics) for task, metrics in entry.metrics.items()},
        }
    return {}


def _print(title: str, shelf: Shelf[Any]) -> None:
    click.echo(click.style(f"{title} ({len(shelf)})", bold=True))
    width = max((len(name) for name in shelf), default=0)
    for name, entry in shelf.entries.items():
        details = ", ".join(str(value) for value in (*_short(entry), entry.paper) if value)
        click.echo(f"  {name:<{width}}  {entry.summary}{f'  [{details}]' if details else ''}")
        for line in _datasets_of(entry):
            click.echo(f"  {'':<{width}}    {line}")
    click.echo()


def _short(entry: Registration) -> tuple[str, ...]:
    if isinstance(entry, Dataset):
        return (entry.task, " + ".join(entry.modalities))
    return ()


def _datasets_of(entry: Registration) -> Iterator[str]:
    """Of a suite, which of its datasets are here and which are not."""
    if isinstance(entry, Suite):
        reasons = states(entry, load_registry())
        for title, away in (("here", False), ("not here", True)):
            names = [name for name, reason in reasons.items() if bool(reason) == away]
            if names:
                yield f"{title}: {', '.join(names)}"
