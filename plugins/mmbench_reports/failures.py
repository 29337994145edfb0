"""What failed: jobs, with their phase and message, and plugins that did not load."""

from __future__ import annotations

from typing import Any

import pandas as pd

from mmbench.artifacts import Artifact, Table, Text
from mmbench.reporting.comparisons import prepared
from mmbench_reports.formatting import one_line

__all__ = ["broken_plugins", "section"]

_COLUMNS = [
    "dataset",
    "fusion",
    "objective",
    "weighting",
    "sampler",
    "seed",
    "budget",
    "phase",
    "error",
    "job",
]


def section(records: pd.DataFrame) -> list[Artifact]:
    """A sentence, a table of failed jobs and one of plugins."""
    frame = prepared(records)
    failed = frame[frame["status"] == "failed"]
    skipped = int((frame["status"] == "skipped").sum())
    unscored = int(((frame["status"] == "ok") & ~frame["ok"]).sum())
    sentence = f"{len(failed):,} of {len(frame):,} jobs failed."
    if skipped:
        sentence += f" {skipped:,} were skipped."
    if unscored:
        sentence += (
            f" {unscored:,} finished without a test score and are left out of every comparison."
        )
    artifacts: list[Artifact] = [Text(sentence)]
    if len(failed):
        artifacts.append(_jobs(failed.sort_values(["dataset", "fusion", "weighting", "seed"])))
    plugins = broken_plugins(records)
    if len(plugins):
        caption = "Plugins that could not be loaded. Nothing of theirs took part."
        artifacts.append(Table("failed-plugins", caption, plugins))
    return artifacts


def broken_plugins(records: pd.DataFrame) -> pd.DataFrame:
    """The plugins of the run's manifest that have an error, a row each."""
    run: dict[str, Any] = records.attrs.get("run") or {}
    listed = pd.DataFrame(
        run.get("plugins") or [], columns=["name", "distribution", "version", "error"]
    )
    listed = listed.fillna("")
    broken: pd.DataFrame = listed[listed["error"] != ""].reset_index(drop=True)
    return broken


def _jobs(failed: pd.DataFrame) -> Table:
    frame = failed[_COLUMNS].reset_index(drop=True)
    shown = frame.drop(columns=["job", "budget", "sampler"])
    shown["error"] = [one_line(error) for error in shown["error"]]
    return Table("failures", "Jobs that failed, with the phase they were in.", frame, shown)
