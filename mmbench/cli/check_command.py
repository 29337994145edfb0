"""`mmbench check`."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import asdict

import click

from mmbench.registrations import Registration
from mmbench.registry import load_registry
from mmbench.testing.lookup import everything, find
from mmbench.testing.properties import check
from mmbench.testing.results import Result

__all__ = ["command"]

_MARKS = {"passed": ("ok", "green"), "failed": ("FAIL", "red"), "skipped": ("skip", "yellow")}


@click.command()
@click.argument("names", nargs=-1, metavar="NAME…")
@click.option("--all", "all_", is_flag=True, help="Everything that is registered.")
@click.option("--json", "as_json", is_flag=True, help="Print an array of objects.")
@click.pass_context
def command(context: click.Context, names: tuple[str, ...], all_: bool, as_json: bool) -> None:
    """Check that plugins keep to their contract, property by property.

    NAME is a fusion, weighting, alignment, encoder, dataset or report (`my_fusion`, or `fusion:my_fusion` where
    several kinds have the name), or a distribution, of which all is checked.
    """
    if all_ == bool(names):
        raise click.UsageError("Name what to check, or say --all.")
    registrations = everything() if all_ else find(names)
    results: list[Result] = []
    for registration in registrations:
        found = check(registration)
        results += found
        if not as_json:
            _print(registration, found)
    if as_json:
        click.echo(json.dumps([asdict(result) for result in results], indent=1))
    else:
        _print_totals(results)
    broken = load_registry().broken if all_ else ()
    for plugin in broken:
        click.echo(f"Plugin {plugin.name!r} is not loaded: {plugin.error}", err=True)
    failed = any(result.status == "failed" for result in results)
    context.exit(1 if failed or broken else 0)


def _print(registration: Registration, results: list[Result]) -> None:
    click.echo(click.style(f"{registration.kind} {registration.name}", bold=True))
    for result in results:
        mark, colour = _MARKS[result.status]
        click.echo(f"  {click.style(f'{mark:<4}', fg=colour)}  {result.property}: {result.message}")
    click.echo()


def _print_totals(results: list[Result]) -> None:
    counts = Counter[str](result.status for result in results)
    listed = ", ".join(f"{counts[status]} {status}" for status in _MARKS if counts[status])
    click.echo(f"{len(results)} properties: {listed or 'nothing to check'}.")
