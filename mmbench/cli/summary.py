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
    "dataset": "dataset",
    "metric": "metric",
    "single": "best single",
    "single_score": "score",
    "fusion": "best fusion",
    "fusion_score": "score",
    "gain": "gain [95 % interval]",
    "verdict": "verdict",
}
NUMBERS = ("single_score", "fusion_score")


def print_summary(folder: Path) -> None:
    """Print the verdict table of a results folder and its one-sentence headline."""
    found = verdicts(load(folder))
    found["gain"] = [
        _gain(*row) for row in found[["difference", "low", "high"]].to_numpy(dtype=float)
    ]
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for name, heading in COLUMNS.items():
        table.add_column(heading, justify="right" if name in NUMBERS else "left", overflow="fold")
    for _, row in found.iterrows():
        table.add_row(*(Text(_cell(row[name])) for name in COLUMNS))
    console = Console()
    console.print(table)
    console.print(Text(headline(found) + "."))


def _gain(difference: float, low: float, high: float) -> str:
    if pd.isna(difference):
        return ""
    interval = "" if pd.isna(low) else f" [{low:+.3f}, {high:+.3f}]"
    return f"{difference:+.3f}{interval}"


def _cell(value: object) -> str:
    if isinstance(value, float):
        return "" if pd.isna(value) else f"{value:.3f}"
    return str(value)
