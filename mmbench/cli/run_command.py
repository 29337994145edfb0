"""`mmbench run`."""

from __future__ import annotations

import os
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import click

from mmbench.data.loading import described
from mmbench.jobs import Job
from mmbench.machine import resolve_device
from mmbench.options import read_options
from mmbench.registry import SWITCH, load_registry
from mmbench.runner import Listener, Outcome, execute
from mmbench.suite import plan
from mmbench.suite_options import left_out

__all__ = ["command"]


@click.command()
@click.option(
    "--all", "all_", is_flag=True, help="Every fusion and weighting on every embedded dataset."
)
@click.option(
    "--suite",
    metavar="SUITE",
    help="A setting of use: its datasets, encoders, fusions and weightings, and the controls.",
)
@click.option(
    "-f",
    "--fusion",
    "fusions",
    multiple=True,
    metavar="FUSION",
    help="A fusion: NAME, NAME[PARAM=VALUE,…] or a pattern.",
)
@click.option(
    "-d",
    "--dataset",
    "datasets",
    multiple=True,
    metavar="DATASET",
    help="A dataset, likewise; NAME[modalities=a+b] takes some of its modalities.",
)
@click.option(
    "-w",
    "--weighting",
    "weightings",
    multiple=True,
    metavar="WEIGHTING",
    help="A loss weighting, likewise.",
)
@click.option(
    "-e",
    "--encoder",
    "encoders",
    multiple=True,
    metavar="MODALITY=ENCODER",
    help="The encoder of a modality.",
)
@click.option(
    "--objective",
    type=click.Choice(["joint", "joint+uni", "joint+uni+align"]),
    help="Terms of the loss. Default: joint; with weightings joint+uni.",
)
@click.option(
    "--alignment",
    "alignments",
    multiple=True,
    metavar="ALIGNMENT",
    help="The cross-modal loss of the align terms, which it adds; several are compared.",
)
@click.option(
    "--sampler",
    "samplers",
    multiple=True,
    metavar="SAMPLER",
    help="Which training samples an epoch visits, against imbalance; several are compared.",
)
@click.option(
    "--lambda",
    "lambdas",
    multiple=True,
    metavar="MODALITY=λ",
    help="Weight of a per-modality loss (or of joint), for the weightings that take a table.",
)
@click.option(
    "--w", "ws", multiple=True, metavar="I->J=W", help="Weight of an alignment, likewise."
)
@click.option(
    "--grid",
    is_flag=True,
    help="The full product of fusions and weightings: of those chosen with -f and -w, or of all.",
)
@click.option(
    "--controls/--no-controls",
    default=None,
    help="Add the controls and the A/A arm. Default: with --all or --grid.",
)
@click.option("--seeds", type=int, metavar="N", help="Seeds 0 to N-1. Default: the budget's.")
@click.option(
    "--trials",
    type=int,
    metavar="N",
    help="Hyperparameter settings a job tries. Default: the budget's.",
)
@click.option(
    "--match-params",
    metavar="N|FUSION",
    help="Choose widths so that every model has N parameters, or as many as FUSION's, within 5 %.",
)
@click.option("--epochs", type=int, metavar="N", help="Epochs at most. Default: the budget's.")
@click.option(
    "--budget",
    type=click.Choice(["quick", "standard", "full"]),
    help="What each job may spend. Default: quick.",
)
@click.option(
    "--device", type=click.Choice(["auto", "cpu", "cuda"]), help="Where models run. Default: auto."
)
@click.option(
    "--precision",
    type=click.Choice(["float32", "bfloat16", "float16"]),
    help="What models train in; others than float32 by autocast. Default: float32.",
)
@click.option(
    "--mode",
    type=click.Choice(["eager", "compiled"]),
    help="compiled runs models through torch.compile. Default: eager.",
)
@click.option("--jobs", type=int, metavar="N", help="Processes side by side. Default: one a core.")
@click.option("--out", metavar="DIR", help="The results folder. Default: mmbench-results.")
@click.option(
    "--config",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Options from a TOML file; those given here win.",
)
@click.option(
    "--dry-run", is_flag=True, help="Print the jobs, estimate time and memory, and run none."
)
@click.option("--no-estimate", is_flag=True, help="With --dry-run: print the jobs alone.")
@click.option("--fresh", is_flag=True, help="Set the folder's records aside and run everything.")
@click.option("--retry-failed", is_flag=True, help="Run failed jobs again.")
@click.option("--timeout", type=float, metavar="S", help="Seconds a job may take.")
@click.option("--fail-fast", is_flag=True, help="Stop at the first failure.")
@click.option(
    "--latency/--no-latency", default=None, help="Measure latency after training. Default: yes."
)
@click.option("--no-plugins", is_flag=True, help="Load no third-party plugin.")
@click.pass_context
def command(
    context: click.Context,
    /,
    config: Path | None,
    dry_run: bool,
    no_estimate: bool,
    no_plugins: bool,
    **given: Any,
) -> None:
    """Run a comparison and write its report.

    With --all: every fusion on every embedded dataset under the joint loss alone, and every weighting under
    the default fusion with joint and per-modality losses. With --suite: the same for what the suite names; what
    is given besides wins, and -d chooses among its datasets. Otherwise the product of what -f, -d and -w choose.
    A run that is started again goes on where it stopped.
    """
    if no_plugins:
        os.environ[SWITCH] = ""
        load_registry.cache_clear()
    started = time.monotonic()
    options = read_options(config, _given(given))
    jobs = plan(options, load_registry(), resolve_device(options.device))
    for name, reason in left_out(options, load_registry()).items():
        click.echo(f"Left out of suite {options.suite!r}: {name}: {reason}", err=True)
    _print_inferred(jobs)
    if dry_run:
        _print_plan(jobs)
        if not no_estimate:
            from mmbench.cli.estimate import print_estimate

            print_estimate(options, jobs, _bars(jobs))
        return
    outcome = execute(options, _bars(jobs))
    _print_outcome(outcome, time.monotonic() - started)
    if outcome.interrupted:
        context.exit(130)
    listed_broken = outcome.broken if options.all else ()
    context.exit(1 if outcome.failed or listed_broken else 0)


def _given(given: dict[str, Any]) -> dict[str, Any]:
    """Only what was said on the command line, so that a file's options survive."""
    found = {
        name.rstrip("_"): value
        for name, value in given.items()
        if value is not None and value is not False and value != ()
    }
    for table in ("lambdas", "ws"):
        if table in found:
            found[table] = _table(found[table])
    if given.get("controls") is False:
        found["controls"] = False
    if given.get("latency") is False:
        found["latency"] = False
    return found


def _table(entries: Iterable[str]) -> dict[str, float]:
    table: dict[str, float] = {}
    for entry in entries:
        name, _, value = entry.rpartition("=")
        try:
            table[name.strip()] = float(value)
        except ValueError:
            raise click.BadParameter(f"Expected NAME=NUMBER. Found {entry!r}.") from None
    return table


def _print_inferred(jobs: list[Job]) -> None:
    """What was inferred of datasets that only their files describe, so that nobody is surprised."""
    datasets = load_registry().datasets
    for pick in {str(job.dataset): job.dataset for job in jobs}.values():
        if datasets[pick.name].describes:
            found = described(datasets[pick.name], pick)
            kinds = ", ".join(f"{name} ({found.modality(name).kind})" for name in found.modalities)
            click.echo(f"{pick}: {found.task} from {kinds}. {found.summary}", err=True)


def _print_plan(jobs: list[Job]) -> None:
    for job in jobs:
        click.echo(
            f"{job.key}  {job.dataset}  {job.fusion_name}  {job.objective}  {job.weighting}  seed {job.seed}"
        )
    click.echo(f"{len(jobs)} jobs; none was run.")


def _bars(jobs: list[Job]) -> Listener:
    from rich.console import Console

    from mmbench.cli.progress import Bars

    names = {
        job.key: f"{job.dataset} {job.fusion_name} {job.weighting} seed {job.seed}" for job in jobs
    }
    return Bars(Console(stderr=True), names)


def _print_outcome(outcome: Outcome, seconds: float) -> None:
    if outcome.ran:
        from mmbench.cli.summary import print_summary

        print_summary(outcome.folder)
    total = len(outcome.jobs)
    before = total - outcome.ran - outcome.left
    if outcome.interrupted:
        click.echo(f"Interrupted after {outcome.ran} jobs. The same command goes on from here.")
    elif outcome.ran:
        kept = f", {before} kept from before" if before else ""
        left = f", {outcome.left} left to run" if outcome.left else ""
        click.echo(f"{outcome.ran} of {total} jobs ran in {seconds:.0f} s{kept}{left}.")
    else:
        click.echo(f"Nothing to do: all {total} jobs have records in {outcome.folder}.")
    for plugin in outcome.broken:
        click.echo(
            f"Plugin {plugin.name!r} ({plugin.distribution}) is not loaded: {plugin.error}",
            err=True,
        )
    if outcome.failed:
        click.echo(f"{len(outcome.failed)} jobs failed; they are rows of the report:", err=True)
        for record in outcome.failed[:20]:
            click.echo(
                f"  {record['dataset']} {record['fusion']} {record['weighting']} seed {record['seed']}: "
                f"{record['phase']}: {record['error']}",
                err=True,
            )
    click.echo(f"Report: {outcome.report}")
