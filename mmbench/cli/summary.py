"""The summary that a run leaves on the terminal: the verdict per dataset."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from mmbench.reporting.verdicts import headline, verdicts
from mmbench.results import load

__all__ = ["print_summary"]

COLUMNS = {
    "dataset": "dataset (metric)",
    "single": "best single modality",
    "fusion": "best fusion",
    "gain": "gain [95 % interval]",
    "verdict": "verdict",
}
WIDTH_OF_A_FILE = 120


def print_summary(folder: Path) -> None:
    """Print the verdict table of a results folder and its one-sentence headline."""
    found = verdicts(load(folder))
    shown = pd.DataFrame(
        {
            "dataset": found["dataset"] + " (" + found["metric"] + ")",
            "single": _chosen(found, "single"),
            "fusion": _chosen(found, "fusion"),
            "gain": [
                _gain(*row) for row in found[["difference", "low", "high"]].to_numpy(dtype=float)
            ],
            "verdict": found["verdict"],
        }
    )
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for name, heading in COLUMNS.items():
        table.add_column(heading, overflow="fold", no_wrap=name == "gain")
    for row in shown.itertuples(index=False):
        table.add_row(*(Text(str(cell)) for cell in row))
    console = Console()
    if not console.is_terminal:
        console = Console(width=WIDTH_OF_A_FILE)
    console.print(table)
    console.print(Text(headline(found) + "."))


def _chosen(found: pd.DataFrame, column: str) -> list[str]:
    """What was chosen most often, and its score."""
    names = found[column].fillna("").astype(str).str.partition(",")[0].str.partition(" ")[0]
    names = names.str.rpartition(":")[
        2
    ]  # `unimodal:image` stands under "single modality" as `image`
    scores = found[f"{column}_score"].astype(float)
    return [
        f"{name} {score:.3f}" if name and not pd.isna(score) else name or "none"
        for name, score in zip(names, scores, strict=True)
    ]


def _gain(difference: float, low: float, high: float) -> str:
    if pd.isna(difference):
        return ""
    interval = "" if pd.isna(low) else f" [{low:+.3f}, {high:+.3f}]"
    return f"{difference:+.3f}{interval}"
