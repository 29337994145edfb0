"""Tables as CSV, Markdown, LaTeX and cells of the page.

Names in them come from plugins and error messages from anywhere: each format escapes what it would
interpret.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from mmbench.artifacts import Table

__all__ = ["Grid", "csv", "grid", "latex", "latex_text", "markdown", "markdown_text", "plain"]

_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")
_NUMERIC = re.compile(r"[\d\s.,:%/+\-−–±×\[\]†≤≥<>()e]*[kMG]?\Z")
_LATEX = {
    "\\": r"\textbackslash{}",
    "{": r"\{",
    "}": r"\}",
    "$": r"\$",
    "&": r"\&",
    "#": r"\#",
    "_": r"\_",
    "%": r"\%",
    "^": r"\textasciicircum{}",
    "~": r"\textasciitilde{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "±": r"$\pm$",
    "−": "$-$",
    "×": r"$\times$",
    "≤": r"$\leq$",
    "≥": r"$\geq$",
    "≈": r"$\approx$",
    "†": r"\dag{}",
    "…": r"\dots{}",
    "–": "--",
}


@dataclass(frozen=True)
class Grid:
    """A table as text: the head, the alignment of each column (`left` or `right`) and the rows."""

    head: list[str]
    align: list[str]
    rows: list[list[str]]


def grid(table: Table, limit: int | None = None) -> Grid:
    """What people read of the table, the first `limit` rows of it."""
    shown = table.frame if table.shown is None else table.shown
    shown = shown if limit is None else shown.head(limit)
    columns = [[plain(value) for value in shown.iloc[:, i]] for i in range(shown.shape[1])]
    head = [plain(name) for name in shown.columns]
    return Grid(head, [_alignment(cells) for cells in columns], [list(r) for r in zip(*columns)])  # noqa: B905


def plain(value: Any) -> str:
    """A value as one line of text: 4 significant digits, `–` where there is none."""
    if value is None or value is pd.NA or value is pd.NaT:
        return "–"
    if isinstance(value, bool | np.bool_):
        return "yes" if value else "no"
    if isinstance(value, float | np.floating):
        return "–" if np.isnan(value) else f"{value:.4g}"
    return _CONTROL.sub("", str(value).replace("\n", " ")).strip()


def csv(table: Table) -> str:
    return str(table.frame.to_csv(index=False, lineterminator="\n"))


def markdown(table: Table) -> str:
    """A GitHub-flavoured table under its caption."""
    cells = grid(table)
    rule = ["---:" if align == "right" else ":---" for align in cells.align]
    lines = [_joined(cells.head, markdown_text), f"| {' | '.join(rule)} |"]
    lines += [_joined(row, markdown_text) for row in cells.rows]
    return f"{markdown_text(plain(table.caption))}\n\n" + "\n".join(lines) + "\n"


def markdown_text(text: str) -> str:
    """Text that Markdown shows as it is."""
    text = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return re.sub(r"([\\|`*$~#])|(?<=\])(\()|(?<![^\W_])(_)|(_)(?![^\W_])", _backslash, text)


def latex(table: Table) -> str:
    """A `table` environment in the style of booktabs."""
    cells = grid(table)
    body = [_latex_row(cells.head), r"\midrule", *map(_latex_row, cells.rows)]
    return "\n".join(
        [
            r"% needs \usepackage{booktabs}",
            r"\begin{table}",
            r"\centering",
            rf"\caption{{{latex_text(plain(table.caption))}}}",
            rf"\label{{tab:{table.name}}}",
            rf"\begin{{tabular}}{{{''.join(align[0] for align in cells.align)}}}",
            r"\toprule",
            *body,
            r"\bottomrule",
            r"\end{tabular}",
            r"\end{table}",
            "",
        ]
    )


def latex_text(text: str) -> str:
    """Text that LaTeX sets as it is."""
    return "".join(_LATEX.get(character, character) for character in text)


def _latex_row(cells: list[str]) -> str:
    # A row that begins with a bracket would be read as the optional argument of the `\\` before it.
    return (
        " & ".join("{}" + latex_text(c) if c[:1] in "[*" else latex_text(c) for c in cells) + r" \\"
    )


def _joined(cells: list[str], escape: Callable[[str], str]) -> str:
    return f"| {' | '.join(map(escape, cells))} |"


def _backslash(match: re.Match[str]) -> str:
    return f"\\{match.group(0)}"


def _alignment(cells: list[str]) -> str:
    return "right" if all(map(_NUMERIC.match, cells)) else "left"
