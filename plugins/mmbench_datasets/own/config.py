"""The `dataset.toml` of a user's own table."""

from __future__ import annotations

import re
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mmbench.data.problems import Problems
from mmbench_datasets.own.columns import KINDS

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

__all__ = ["FILE", "Config", "read_config"]

FILE = "dataset.toml"
_TEXTS = ("table", "task", "gallery", "group", "split", "name", "licence", "source")


@dataclass(frozen=True)
class Config:
    """What a `dataset.toml` says.

    Attributes:
        columns: name of the column -> its kind and the modality that it is part of.
        target: names of the columns of targets; none in retrieval by row.
        table: file name of the CSV or Parquet file.
        task: where it is stated.
        gallery: in retrieval, the modality that is retrieved.
        group: column of groups, if any.
        split: column of parts, if any.
        name: of the dataset.
        licence: of the data.
        source: of the data.

    """

    columns: Mapping[str, tuple[str, str]]
    target: tuple[str, ...]
    table: str
    task: str = ""
    gallery: str = ""
    group: str = ""
    split: str = ""
    name: str = ""
    licence: str = ""
    source: str = ""


def read_config(problems: Problems, path: Path) -> Config | None:
    """What the file says; None where it is not as `Config` wants it."""
    content: dict[str, Any] | None = None
    with problems.reading(path, "readable TOML"):
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    if content is None:
        return None
    known = {*_TEXTS, "target", "columns"}
    for key in sorted(set(content) - known):
        problems.add(path, key, f"one of {', '.join(sorted(known))}", "an unknown key")
    texts = {key: content[key] for key in _TEXTS if key in content}
    for key, value in texts.items():
        problems.require(isinstance(value, str), path, key, "text", repr(value))
    problems.require("table" in texts, path, "table", "the name of a CSV or Parquet file", "none")
    columns, target = _columns(problems, path, content), _target(problems, path, content)
    for name in sorted(set(target) & set(columns)):
        problems.add(path, f"columns.{name}", "no column of targets among the inputs", "one")
    modalities = {modality for _, modality in columns.values()}
    if (texts.get("task") == "retrieval") != (texts.get("gallery") in modalities):
        expected = "a modality, in retrieval and nowhere else"
        problems.add(path, "gallery", expected, repr(texts.get("gallery", "")))
    return None if problems.found else Config(columns, target, **texts)


def _columns(problems: Problems, path: Path, content: dict[str, Any]) -> dict[str, tuple[str, str]]:
    columns = content.get("columns")
    if not isinstance(columns, dict) or not columns:
        problems.add(path, "columns", "a table of column = kind", repr(columns))
        return {}
    found: dict[str, tuple[str, str]] = {}
    for name, value in columns.items():
        said = value if isinstance(value, dict) else {"kind": value}
        kind: Any = said.get("kind")
        modality: Any = said.get("modality", "tabular" if kind in ("category", "number") else name)
        fits = kind in KINDS and _is_name(modality) and set(said) <= {"kind", "modality"}
        expected = (
            f"one of {', '.join(KINDS)}, or {{kind = …, modality = …}}, with a modality of letters, "
            f"digits, '_' and '-'"
        )
        if problems.require(fits, path, f"columns.{name}", expected, repr(value)):
            found[name] = (kind, modality)
    return found


def _is_name(modality: Any) -> bool:
    return isinstance(modality, str) and re.fullmatch(r"[A-Za-z0-9_-]+", modality) is not None


def _target(problems: Problems, path: Path, content: dict[str, Any]) -> tuple[str, ...]:
    target = content.get("target", [])
    names = tuple(target) if isinstance(target, list) else (target,)
    fits = all(isinstance(name, str) for name in names)
    fits = fits and (bool(names) or content.get("task") == "retrieval")
    problems.require(fits, path, "target", "the name of a column, or a list of them", repr(target))
    return names if fits else ()
