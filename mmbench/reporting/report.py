"""A report: every section's tables and plots as files, and one page that needs no network."""

from __future__ import annotations

import traceback
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd

from mmbench.artifacts import Artifact, Plot, Table, Text
from mmbench.errors import PluginError
from mmbench.registrations import Report
from mmbench.reporting import page, plots, tables
from mmbench.reporting.files import check_name, slug, write_atomically

__all__ = ["write_report"]

ROWS_ON_PAGE = 100


def write_report(
    records: pd.DataFrame, reports: Iterable[Report], out: Path, head: page.Head | None = None
) -> Path:
    """Write `tables/`, `plots/` and `index.html` into the folder `out`.

    A section that raises is shown with its error; the others are not affected. `head` is that of jobs where it is
    left out.

    Returns:
        The path of the page.

    """
    out = Path(out)
    taken: set[str] = set()
    sections = []
    for report in sorted(reports, key=lambda report: (report.order, report.name)):
        section = _build(report, records, taken)
        for path, content in section.files.items():
            write_atomically(out / path, content)
        sections.append(section.view)
    index = out / "index.html"
    write_atomically(index, page.render(head or page.head_of_jobs(records), sections).encode())
    return index


@dataclass
class _Section:
    view: page.Section
    files: dict[str, bytes] = field(default_factory=dict)


def _build(report: Report, records: pd.DataFrame, taken: set[str]) -> _Section:
    """Run one section and render all of it before any of it is written."""
    section = _Section(page.Section(slug(report.name), report.title or report.name))
    try:
        with plots.ignore_missing_letters():
            for artifact in report.load()(records):
                _add(section, artifact, taken)
    except Exception as error:
        trace = "".join(traceback.format_exception(error)[-3:])
        message = f"{type(error).__name__}: {error}"
        section = _Section(
            page.Section(section.view.anchor, section.view.title, [], message, trace)
        )
    return section


def _add(section: _Section, artifact: Artifact, taken: set[str]) -> None:
    if isinstance(artifact, Text):
        section.view.blocks.append({"kind": "text", "text": artifact.text})
    elif isinstance(artifact, Table):
        _claim("tables", artifact.name, taken)
        section.files |= _table_files(artifact)
        section.view.blocks.append(_table_block(artifact))
    elif isinstance(artifact, Plot):
        _claim("plots", artifact.name, taken)
        document = plots.svg(artifact.figure)
        section.files[f"plots/{artifact.name}.svg"] = document.encode()
        section.files[f"plots/{artifact.name}.png"] = plots.png(artifact.figure)
        drawing = plots.inline_svg(document, artifact.name, artifact.alt)
        block = {"kind": "plot", "name": artifact.name, "caption": artifact.caption, "svg": drawing}
        section.view.blocks.append(block)
    else:
        raise PluginError(
            f"Expected a section to give Text, Table and Plot. Found {type(artifact).__name__}."
        )


def _claim(folder: str, name: str, taken: set[str]) -> None:
    path = f"{folder}/{check_name(name)}"
    if path in taken:
        raise PluginError(
            f"Expected each of the {folder} to have a name of its own. Found {name!r} twice."
        )
    taken.add(path)


def _table_files(table: Table) -> dict[str, bytes]:
    formats = {"csv": tables.csv, "md": tables.markdown, "tex": tables.latex}
    return {
        f"tables/{table.name}.{suffix}": write(table).encode("utf-8", "replace")
        for suffix, write in formats.items()
    }


def _table_block(table: Table) -> dict[str, Any]:
    return {
        "kind": "table",
        "name": table.name,
        "caption": table.caption,
        "grid": tables.grid(table, ROWS_ON_PAGE),
        "total": len(table.frame if table.shown is None else table.shown),
    }
