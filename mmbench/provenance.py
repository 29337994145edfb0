"""Why a job ran: which part of its key differs from the record before, and from what is installed now."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from mmbench.data.loading import described, fingerprint_of
from mmbench.errors import DataError, DuplicateName, PluginError, UnknownName, UsageError
from mmbench.fingerprint import source_hash
from mmbench.jobs import SCHEMA, digest
from mmbench.registry import Registry
from mmbench.selection import parse

__all__ = ["Reasons", "explain"]

IDENTITY = ("dataset", "modalities", "fusion", "objective", "weighting", "seed", "device")


@dataclass(frozen=True)
class Reasons:
    """Why one job ran, and whether it would run again.

    Attributes:
        record: of the job.
        ran: parts of its key that differ from the record before it; None where there was none.
        would_run: parts that differ from what is installed now.

    """

    record: Mapping[str, Any]
    ran: list[str] | None
    would_run: list[str]


def explain(records: Sequence[Mapping[str, Any]], job: str, registry: Registry) -> Reasons:
    """Explain the job whose key begins with `job`.

    Args:
        records: of a journal, in order.
        job: a key, or its beginning.
        registry: what is installed now.

    Raises:
        UsageError: if no job or several jobs have such a key.

    """
    keys = sorted({record["job"] for record in records if record["job"].startswith(job)})
    if len(keys) != 1:
        raise UsageError(
            f"Expected the key of one job. Found {len(keys)} that begin with {job!r}"
            f"{': ' + ', '.join(keys[:5]) if keys else ''}. The column `job` of tables/records.csv has the keys."
        )
    at = max(index for index, record in enumerate(records) if record["job"] == keys[0])
    spec = json.loads(records[at]["spec"])
    before = [
        json.loads(record["spec"])
        for record in records[:at]
        if _same(json.loads(record["spec"]), spec)
    ]
    ran = _differences(before[-1], spec) if before else None
    return Reasons(records[at], ran, _differences(spec, {**spec, **_now(spec, registry)}))


def _same(one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    return all(one[name] == other[name] for name in IDENTITY)


def _now(spec: Mapping[str, Any], registry: Registry) -> dict[str, Any]:
    sources = {module: _source(module) for module in spec["sources"]}
    return {"schema": SCHEMA, "sources": sources, "data": _data(spec["dataset"], registry)}


def _source(module: str) -> str:
    try:
        return source_hash(module)
    except (PluginError, ImportError, OSError):
        return "not installed"


def _data(spelling: str, registry: Registry) -> str:
    pick = parse(spelling)
    try:
        return digest(
            [spelling, fingerprint_of(described(registry.datasets[pick.name], pick), pick)]
        )
    except (UnknownName, DuplicateName):
        return "not installed"
    except (DataError, UsageError):
        return "unreadable"


def _differences(old: Mapping[str, Any], new: Mapping[str, Any]) -> list[str]:
    """One line a part that differs; nested parts by their own names."""
    found: list[str] = []
    for name in sorted({*old, *new}):
        was, now = old.get(name), new.get(name)
        if was == now:
            continue
        if isinstance(was, dict) and isinstance(now, dict):
            found += [f"{name}.{line}" for line in _differences(was, now)]
        else:
            found.append(f"{name}: {was} -> {now}")
    return found
