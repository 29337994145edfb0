"""`mmbench data`: what datasets need, where they look, what is wrong with their files, and what they hold."""

from __future__ import annotations

import json
import os
from dataclasses import asdict, replace
from pathlib import Path

import click

from mmbench.data.loading import DATA, described, load_samples, parameters_of
from mmbench.errors import unknown
from mmbench.jobs import Pick
from mmbench.registrations import Dataset
from mmbench.registry import load_registry
from mmbench.selection import select

__all__ = ["command"]

_SHOWN = 50


@click.group()
def command() -> None:
    """Say what datasets need, where they look, what is wrong with their files, and what they hold."""


@command.command("list")
def list_datasets() -> None:
    """List every dataset with its task, its modalities and where it comes from."""
    entries = load_registry().datasets.entries
    width = max(map(len, entries), default=0)
    for name, entry in entries.items():
        kinds = ", ".join(f"{m} ({entry.modality(m).kind})" for m in entry.modalities)
        about = f"{entry.task}: {kinds}" if entry.task else "task and modalities from the file"
        click.echo(f"{name:<{width}}  {_place(entry):<8}  {about}")


@command.command()
@click.argument("name")
def path(name: str) -> None:
    """Say where dataset NAME is looked for and what it needs there."""
    entry = load_registry().datasets[name]
    if not entry.layout:
        for file in entry.files:
            click.echo(file)
        click.echo(f"Dataset {name!r} needs nothing from outside its package.")
        return
    home = os.environ.get(DATA)
    folder = Path(home) / name if home else None
    found = "" if folder is None else (" (there)" if folder.exists() else " (not there)")
    click.echo(f"root=…  where `-d '{name}[root=…]'` says")
    click.echo(f"{DATA}  {f'{folder}{found}' if folder else 'not set'}")
    click.echo(f"It needs: {entry.layout}")


@command.command()
@click.argument("name")
@click.argument("folder", metavar="DIR", type=click.Path(path_type=Path))
@click.pass_context
def validate(context: click.Context, name: str, folder: Path) -> None:
    """Read dataset NAME in DIR (or the file DIR) and list everything that is wrong with it.

    NAME may hold parameters: NAME[PARAM=VALUE,…].
    """
    from mmbench.data.validation import validated

    datasets = load_registry().datasets
    [pick] = select([name], datasets)[:1]
    outcome = validated(datasets[pick.name], folder, parameters_of(pick))
    for problem in outcome.problems[:_SHOWN]:
        click.echo(str(problem))
    if len(outcome.problems) > _SHOWN:
        click.echo(f"… and {len(outcome.problems) - _SHOWN} more")
    for line in outcome.contents:
        click.echo(line)
    if outcome.problems:
        click.echo(f"{len(outcome.problems)} problems.", err=True)
        context.exit(1)
    click.echo(f"{folder} is well formed.")


@command.command()
@click.argument("name")
@click.option("--seed", default=0, show_default=True, help="Of the split and of what is drawn.")
@click.option("--json", "as_json", is_flag=True, help="Print one object with everything.")
def profile(name: str, seed: int, as_json: bool) -> None:
    """Describe dataset NAME: sizes, gaps, balance, outliers, repeated samples, simple models, interactions.

    NAME may hold parameters, NAME[PARAM=VALUE,…], or be a file, such as digits.npz.
    """
    from mmbench.cli.profile import print_profile
    from mmbench.data.profile import profile as profile_of

    datasets = load_registry().datasets
    [pick] = select([name], datasets)[:1]
    registration = _chosen(described(datasets[pick.name], pick), pick)
    found = profile_of(load_samples(registration, pick), registration, seed)
    if as_json:
        click.echo(json.dumps(asdict(found), indent=1, allow_nan=False))
    else:
        print_profile(found)


def _chosen(registration: Dataset, pick: Pick) -> Dataset:
    """The dataset with the modalities of its parameter `modalities=a+b`."""
    if "modalities" not in pick.params:
        return registration
    names = str(pick.params["modalities"]).split("+")
    for name in set(names) - set(registration.modalities):
        raise unknown(f"modality of dataset {pick.name!r}:", name, registration.modalities)
    kept = {name: value for name, value in registration.modalities.items() if name in names}
    return replace(registration, modalities=kept)


def _place(entry: Dataset) -> str:
    if entry.layout:
        return "on disk"
    return "embedded" if entry.embedded else "made"
