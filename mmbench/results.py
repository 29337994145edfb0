"""Reading a results folder: one row a job, quality and cost side by side."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pandas as pd

from mmbench.errors import JournalError
from mmbench.journal import Journal

__all__ = [
    "JOBS",
    "LATENCIES",
    "MANIFEST",
    "MEASUREMENTS",
    "MEASUREMENTS_MANIFEST",
    "load",
    "require_journal",
]

JOBS = "journal.jsonl"
LATENCIES = "latency.jsonl"
MANIFEST = "run.json"
MEASUREMENTS = "measurements.jsonl"
MEASUREMENTS_MANIFEST = "measurements.json"
ARM = [
    "dataset",
    "modalities",
    "encoders",
    "fusion",
    "objective",
    "alignment",
    "lambdas",
    "weighting",
    "sampler",
    "seed",
    "budget",
    "match_params",
    "device",
    "precision",
    "mode",
]


def load(folder: str | Path, *, superseded: bool = False) -> pd.DataFrame:
    """The records of a results folder.

    Args:
        folder: as given to `mmbench run --out`.
        superseded: also keep records whose job has run again since, because a plugin or its data changed.

    Returns:
        One row a job, with the latency of its shape of model beside. `attrs["run"]` describes the last run.

    Raises:
        JournalError: if there is no journal, or it is damaged.

    """
    folder = Path(folder)
    require_journal(folder)
    records = pd.DataFrame(Journal(folder, JOBS).read())
    if not records.empty and not superseded:
        records = records.drop_duplicates(
            [name for name in ARM if name in records], keep="last"
        ).reset_index(drop=True)
    records = _with_latency(records, folder)
    records.attrs["run"] = _manifest(folder)
    return records


def require_journal(folder: Path) -> None:
    """Raise a JournalError where `folder` is no results folder."""
    if not (folder / JOBS).is_file():
        raise JournalError(
            f"Expected a results folder with {JOBS}. Found none in {folder}. "
            f"`mmbench run --out {folder}` makes one."
        )


def _with_latency(records: pd.DataFrame, folder: Path) -> pd.DataFrame:
    if "model" not in records or not (folder / LATENCIES).is_file():
        return records
    measured = pd.DataFrame(Journal(folder, LATENCIES).read())
    if measured.empty:
        return records
    measured = measured[measured["status"] == "ok"].drop_duplicates(
        ["model", "device"], keep="last"
    )
    columns = [name for name in measured if str(name).startswith(("latency_", "throughput_"))]
    merged: pd.DataFrame = records.merge(
        measured[["model", "device", *columns]], on=["model", "device"], how="left"
    )
    return merged


def _manifest(folder: Path) -> dict[str, Any]:
    path = folder / MANIFEST
    if not path.is_file():
        return {}
    try:
        manifest: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise JournalError(
            f"Expected JSON in {path}. Found: {error}. Delete it; it is only a description."
        ) from None
    return manifest
