"""What a report section gives: text, tables and plots, which the page and the files are made of."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

import pandas as pd
from matplotlib.figure import Figure

__all__ = ["Artifact", "Plot", "Table", "Text"]


@dataclass(frozen=True)
class Text:
    """A paragraph of plain text; the page escapes it."""

    text: str


@dataclass(frozen=True)
class Table:
    """A table: written as CSV, Markdown and LaTeX under `name`, and shown on the page.

    `frame` holds the values as they are (numbers stay numbers, for the CSV); `shown` is what people read
    (`0.912 ± 0.004`) and is used for the page, Markdown and LaTeX. It is `frame` where left out.
    """

    name: str
    caption: str
    frame: pd.DataFrame
    shown: pd.DataFrame | None = None


@dataclass(frozen=True)
class Plot:
    """A figure: written as SVG and PNG under `name`, and shown on the page; `alt` says what it shows."""

    name: str
    caption: str
    figure: Figure
    alt: str


Artifact: TypeAlias = Text | Table | Plot
