"""The run: how it was set up, on what it ran, and how to repeat it."""

from __future__ import annotations

from typing import Any

import pandas as pd

from mmbench.artifacts import Artifact, Table, Text
from mmbench.reporting.comparisons import prepared

__all__ = ["environment", "section", "splits"]

_FROM_RECORDS = {
    "mmbench_version": "mmbench",
    "torch_version": "torch",
    "python_version": "python",
    "device": "device",
    "device_name": "device name",
    "budget": "budget",
}
_PROTOCOL = (
    "Every method saw the same split of a dataset in a seed, the same budget of trials and "
    "epochs, and the same seeds. Hyperparameters and the epoch were chosen on the validation "
    "part; the test part was scored once, after that."
)


def section(records: pd.DataFrame) -> list[Artifact]:
    """The command, the protocol, the environment, the plugins and the splits."""
    run = records.attrs.get("run") or {}
    frame = prepared(records)
    artifacts: list[Artifact] = [Text(_PROTOCOL), Text(_repeat(run))]
    artifacts += [Text(sentence) for sentence in _split_notes(frame)]
    facts = environment(records)
    if len(facts):
        artifacts.append(Table("environment", "Environment.", facts))
    plugins = pd.DataFrame(run.get("plugins") or [])
    if len(plugins):
        columns = [name for name in ("name", "distribution", "version", "error") if name in plugins]
        artifacts.append(
            Table("plugins", "Plugins that were installed.", plugins[columns].fillna(""))
        )
    table = splits(frame)
    if len(table):
        artifacts.append(
            Table("splits", "Splits: one hash a dataset and seed, for all methods.", table)
        )
    return artifacts


def environment(records: pd.DataFrame) -> pd.DataFrame:
    """What the run's manifest and the records say about where it ran: `what` and `value`."""
    run: dict[str, Any] = records.attrs.get("run") or {}
    facts = {
        str(name).replace("_", " "): str(value)
        for name, value in run.items()
        if name not in ("command", "plugins") and not isinstance(value, dict | list)
    }
    for column, name in _FROM_RECORDS.items():
        if column in records:
            values = sorted({str(value) for value in records[column].dropna().unique()} - {""})
            if values:
                facts.setdefault(name, ", ".join(values))
    if "started_at" in records and records["started_at"].notna().any():
        started = records["started_at"].dropna().astype(str)
        facts["jobs started"] = f"{started.min()} to {started.max()}"
    table: pd.DataFrame = pd.DataFrame({"what": list(facts), "value": list(facts.values())})
    return table


def splits(frame: pd.DataFrame) -> pd.DataFrame:
    """The splits of prepared records: `dataset`, `seed`, `split_hash` and the parts' sizes."""
    known = frame[frame["split_hash"] != ""]
    sizes = [name for name in ("n_train", "n_validation", "n_test") if name in known]
    largest = known.groupby(["dataset", "seed", "split_hash"], as_index=False)[sizes].max()
    table: pd.DataFrame = largest.astype(dict.fromkeys(sizes, "Int64"))
    return table


def _repeat(run: dict[str, Any]) -> str:
    command = run.get("command")
    if not command:
        return "The command of this run is not known: the folder holds no manifest."
    text = " ".join(map(str, command)) if isinstance(command, list | tuple) else str(command)
    return f"To repeat it: `{text}`"


def _split_notes(frame: pd.DataFrame) -> list[str]:
    """Where splits are not what comparisons assume."""
    known = frame[frame["split_hash"] != ""]
    hashes = known.groupby(["dataset", "budget", "seed"])["split_hash"].nunique()
    mixed = sorted(hashes[hashes > 1].index.get_level_values("dataset").unique())
    per_dataset = known.groupby("dataset")[["seed", "split_hash"]].nunique()
    same = per_dataset[(per_dataset["split_hash"] == 1) & (per_dataset["seed"] > 1)].index
    notes = []
    if mixed:
        notes.append(
            f"Not comparable: {', '.join(mixed)} has more than one split in a seed. The data "
            "changed between jobs; run it again into a new folder."
        )
    if len(same):
        notes.append(
            f"{', '.join(same)} comes with a split of its own, the same for every seed: its "
            "intervals cover the randomness of training, not of the data."
        )
    return notes
