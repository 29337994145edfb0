"""`mmbench latency`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click
import pandas as pd

from mmbench.latency.report import write_latency_report
from mmbench.latency.rounds import Pace
from mmbench.latency.rows import load_measurements
from mmbench.latency.study import Settings, run_study
from mmbench.latency.variants import MODES, PRECISIONS
from mmbench.reporting.tables import markdown

__all__ = ["command"]


@click.command()
@click.option(
    "-f",
    "--fusion",
    "fusions",
    multiple=True,
    metavar="FUSION",
    help="A fusion: NAME, NAME[PARAM=VALUE,…] or a pattern. Default: all.",
)
@click.option(
    "-d",
    "--dataset",
    default="",
    metavar="DATASET",
    help="One dataset, whose training part gives the samples. Default: the first embedded one.",
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
    "-b",
    "--batch",
    "batches",
    multiple=True,
    type=click.IntRange(1),
    default=(1, 8, 64),
    show_default=True,
    metavar="N",
    help="Samples of one call; several are measured.",
)
@click.option(
    "--device",
    "devices",
    multiple=True,
    default=("auto",),
    show_default=True,
    metavar="DEVICE",
    help="auto, cpu, cuda or cuda:N, likewise.",
)
@click.option(
    "--precision",
    "precisions",
    multiple=True,
    type=click.Choice(PRECISIONS),
    default=("float32",),
    show_default=True,
    help="float32, or what autocast casts to, likewise.",
)
@click.option(
    "--mode",
    "modes",
    multiple=True,
    type=click.Choice(MODES),
    default=("eager",),
    show_default=True,
    help="As it is, by torch.compile, or by ONNX Runtime (extra onnx), likewise.",
)
@click.option(
    "--threads",
    type=click.IntRange(1),
    default=1,
    show_default=True,
    metavar="N",
    help="Threads of one call on the CPU.",
)
@click.option(
    "--bound",
    type=click.FloatRange(0, min_open=True),
    metavar="MS",
    help="Also find the load under which the 99th percentile keeps this bound.",
)
@click.option(
    "--rounds",
    type=click.IntRange(1),
    default=20,
    show_default=True,
    metavar="N",
    help="Turns that each fusion has.",
)
@click.option(
    "--calls",
    type=click.IntRange(1),
    default=20,
    show_default=True,
    metavar="N",
    help="Calls of a turn, at least.",
)
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    default="mmbench-latency",
    show_default=True,
    metavar="DIR",
    help="The folder of the results; what it held is set aside.",
)
@click.option(
    "--against",
    type=click.Path(path_type=Path),
    metavar="DIR",
    help="Compare with the measurements of an earlier folder.",
)
@click.pass_context
def command(
    context: click.Context, /, out: Path, against: Path | None, bound: float | None, rounds: int,
    calls: int, **given: Any,
) -> None:  # fmt: skip
    """Measure what fusions take to run, alone on this machine.

    Models have fresh weights: latency does not depend on them. All fusions of one batch size and variant are
    measured in interleaved rounds, and the first of them twice: by how much its two medians differ is the noise
    floor.
    """
    before = load_measurements(against) if against else None
    settings = Settings(**given, bound_ms=bound, pace=Pace(rounds=rounds, calls=calls))
    study = run_study(settings, out, lambda line: click.echo(line, err=True))
    if study.rows:
        _report(out, before)
    if study.interrupted:
        click.echo(f"Interrupted after {len(study.rows)} rows.")
        context.exit(130)
    failures = [row for row in study.rows if row["status"] == "failed"]
    for row in failures:
        [reason, *_] = row["error"].splitlines()
        click.echo(
            f"failed: {row['fusion']} ({row['mode']}, batch {row['batch']}): {reason}", err=True
        )
    context.exit(1 if failures else 0)


def _report(out: Path, before: pd.DataFrame | None) -> None:
    """Print the table and write the page, beside what has changed."""
    tables, page = write_latency_report(out, before)
    for table in tables:
        click.echo(markdown(table))
    click.echo(f"Report: {page}")
