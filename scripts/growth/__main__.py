"""Measures the curves of growth, and writes their figures and their page.

    make growth                    measures everything: five minutes on two cores that do nothing else
    python -m growth --quick       a few small points, to see that it works
    python -m growth --redraw      makes the page again from the figures

The package lies in scripts/, which has to be on the path. `growth.csv` holds a row a measurement,
`run.json` the machine and the command.
"""

from __future__ import annotations

import argparse
import datetime
import json
import shlex
import sys
import tempfile
from pathlib import Path
from typing import Any

import pandas as pd
import torch
from threadpoolctl import threadpool_limits

from growth.jobs import around_jobs
from growth.points import measured
from growth.report import section
from growth.training import inferences, trainings
from mmbench.machine import describe
from mmbench.registrations import Report
from mmbench.reporting import write_report
from mmbench.reporting.page import Head
from mmbench.results import MANIFEST

ROOT = Path(__file__).parents[2]
FIGURES = "growth.csv"
FUSIONS = (
    *("concat", "tensor_fusion", "low_rank_tensor", "late_transformer"),
    *("bottleneck", "early_transformer", "cross_attention"),
)
AXES = {
    "samples": (64, 128, 256, 512, 768, 1024, 1536, 2048),
    "modalities": (1, 2, 3, 4, 6, 8, 12),
    "tokens": (2, 4, 8, 16, 32, 64, 128, 256),
    "classes": (2, 4, 8, 16, 32, 64, 128, 256),
    "lanes": (1, 2, 4, 8, 12, 16, 24, 32),
}
JOBS = (100, 316, 1000, 3162, 10_000, 31_623, 100_000)
TURNS = 3
QUICK_AXES = {axis: sizes[:3] for axis, sizes in AXES.items()}
QUICK_JOBS = (10, 20, 40)


def main(arguments: list[str]) -> None:
    parser = argparse.ArgumentParser(prog="growth", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a few small points")
    parser.add_argument("--redraw", action="store_true", help="the page only, from the figures")
    parser.add_argument("--results", type=Path, default=ROOT / "results/growth")
    parser.add_argument("--report", type=Path, default=ROOT / "reports/growth")
    given = parser.parse_args(arguments)
    if not given.redraw:
        torch.set_num_threads(1)
        threadpool_limits(1, user_api="blas")  # as an engine's workers have it
        given.results.mkdir(parents=True, exist_ok=True)
        manifest = _manifest(arguments)
        _measure(given.quick).to_csv(given.results / FIGURES, index=False)
        (given.results / MANIFEST).write_text(json.dumps(manifest, indent=1), encoding="utf-8")
    print(_write_page(given.results, given.report))


def _measure(quick: bool) -> pd.DataFrame:
    axes, fusions = (QUICK_AXES, FUSIONS[:2]) if quick else (AXES, FUSIONS)
    answered = {axis: axes[axis] for axis in ("modalities", "tokens")}
    operations = ("plan", "load") if quick else ()
    published = ROOT / "results/quick"
    with tempfile.TemporaryDirectory() as made:
        jobs = around_jobs(QUICK_JOBS if quick else JOBS, published, Path(made), operations)
        found = [measured(jobs, TURNS)]
    found += [measured(trainings(axes, fusions), TURNS)]
    found += [measured(trainings(axes, fusions, count=True), 1)]
    found += [measured(inferences(answered, fusions), TURNS)]
    return pd.concat(found)


def _manifest(arguments: list[str]) -> dict[str, Any]:
    now = datetime.datetime.now(datetime.timezone.utc)
    return {
        "command": shlex.join(["python", "-m", "growth", *arguments]),
        "started_at": now.isoformat(timespec="seconds"),
        "machine": describe(),
    }


def _write_page(results: Path, out: Path) -> Path:
    figures = pd.read_csv(results / FIGURES)
    run = json.loads((results / MANIFEST).read_text(encoding="utf-8"))
    machine = run["machine"]
    facts = [
        f"{len(figures):,} measurements",
        f"{machine['cpu']}, {machine['cores']} cores, {machine['threads']} thread",
        f"torch {machine['torch']}",
        run["started_at"][:10],
    ]
    head = Head("How time and memory grow", facts)
    sections = [Report("growth", section, title="Exponents")]
    return write_report(figures, sections, out, head)


if __name__ == "__main__":
    main(sys.argv[1:])
