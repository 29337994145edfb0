"""The page: one HTML file with its style and its drawings inside it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import jinja2
import pandas as pd
from markupsafe import Markup, escape

from mmbench.reporting.verdicts import HELPS, HURTS, NO_DIFFERENCE, headline, verdicts

__all__ = ["Head", "Section", "head_of_jobs", "render"]

MARKS = {HELPS: "good", HURTS: "bad", NO_DIFFERENCE: "even"}
"""Cells of tables that are set off by colour."""

TABLES_UNFOLDED = 4


@dataclass(frozen=True)
class Section:
    """What the page shows of one section; `error` where it could not be made."""

    anchor: str
    title: str
    blocks: list[dict[str, Any]] = field(default_factory=list)
    error: str = ""
    trace: str = ""


@dataclass(frozen=True)
class Head:
    """What stands above the sections: one sentence, and what the results are made of."""

    headline: str
    facts: list[str]


def head_of_jobs(records: pd.DataFrame) -> Head:
    return Head(headline(verdicts(records)), _facts(records))


def render(head: Head, sections: list[Section]) -> str:
    """The page as HTML. Everything but the drawings is escaped."""
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("mmbench.reporting"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["breakable"] = _breakable
    environment.filters["code"] = _code
    template = environment.get_template("page.html.jinja")
    return template.render(
        headline=head.headline,
        facts=head.facts,
        sections=[_with_markup(section) for section in sections],
        marks=MARKS,
    )


def _facts(records: pd.DataFrame) -> list[str]:
    """What the results are made of, in a few words each."""
    suites = sorted(filter(None, records["suite"].dropna().unique())) if "suite" in records else []
    facts = [f"suite {name}" for name in suites]
    facts.append(_count(len(records), "job"))
    for column, noun in (("dataset", "dataset"), ("fusion", "fusion arm"), ("seed", "seed")):
        if column in records:
            facts.append(_count(records[column].nunique(), noun))
    failed = int((records["status"] == "failed").sum()) if "status" in records else 0
    facts.append(f"{failed:,} failed")
    budgets = sorted(records["budget"].dropna().unique()) if "budget" in records else []
    if budgets:
        facts.append(f"budget {', '.join(map(str, budgets))}")
    return facts


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def _with_markup(section: Section) -> Section:
    """The section with its drawings marked as safe and, of many tables, all but one folded."""
    tables = [block for block in section.blocks if block["kind"] == "table"]
    folded = tables[1:] if len(tables) > TABLES_UNFOLDED else []
    blocks = []
    for block in section.blocks:
        if block["kind"] == "plot":
            block = block | {"svg": Markup(block["svg"])}  # noqa: S704 - inline_svg has checked it
        elif block["kind"] == "table":
            block = block | {"folded": any(block is one for one in folded)}
        blocks.append(block)
    return Section(section.anchor, section.title, blocks, section.error, section.trace)


def _code(text: str) -> Markup:
    """Text whose parts between backquotes are set as code."""
    parts = text.split("`")
    if len(parts) % 2 == 0:
        return escape(text)
    return Markup("").join(
        Markup("<code>{}</code>").format(part) if position % 2 else escape(part)
        for position, part in enumerate(parts)
    )


def _breakable(name: str) -> Markup:
    """A column's name that may be broken after an underscore."""
    return Markup("_<wbr>").join(escape(part) for part in name.split("_"))
