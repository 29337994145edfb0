from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from mmbench.errors import UsageError
from mmbench.jobs import Job
from mmbench.options import read_options
from mmbench.provenance import explain
from mmbench.registrations import Dataset
from mmbench.registry import Registry
from mmbench.suite import plan


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "facts.csv"
    path.write_text("1\n")
    return path


@pytest.fixture
def registry(build: Callable[..., Registry], path: Path) -> Registry:
    dataset = Dataset(
        "facts",
        "toy.data:facts",
        task="classification",
        modalities={"table": "tabular", "note": "text"},
        files={str(path): "ff"},
    )
    return build(datasets=[dataset])


def job(registry: Registry, **given: Any) -> Job:
    [found] = plan(read_options(None, {"fusions": ["join"], "seeds": 1, **given}), registry, "cpu")
    return found


def record(job: Job, **changed: Any) -> dict[str, Any]:
    spec = {**job.spec(), **changed}
    return {**job.columns(), "job": changed.get("key", job.key), "spec": json.dumps(spec)}


def test_a_job_without_a_record_before_would_not_run_again(registry: Registry) -> None:
    found = job(registry)
    reasons = explain([record(found)], found.key[:5], registry)
    assert (reasons.ran, reasons.would_run) == (None, [])
    assert reasons.record["job"] == found.key


def test_changed_data_are_named(registry: Registry, path: Path) -> None:
    old = job(registry)
    path.write_text("2\n")
    new = job(registry)
    records = [record(old), record(new)]
    change = [f"data: {old.data} -> {new.data}"]
    assert explain(records, old.key, registry).would_run == change
    assert explain(records, new.key, registry).ran == change
    assert explain(records, new.key, registry).would_run == []
    path.unlink()
    assert explain(records, new.key, registry).would_run == [f"data: {new.data} -> unreadable"]


def test_each_part_that_differs_is_a_line_with_its_own_name(registry: Registry) -> None:
    old = job(registry)
    new = job(registry, epochs=3, encoders=["table=wide"])
    ran = explain([record(old), record(new)], new.key, registry).ran
    assert ran is not None
    assert f"budget.epochs: {old.budget.epochs} -> 3" in ran
    assert "encoders.table: dense -> wide" in ran
    names = {line.partition(":")[0].partition(".")[0] for line in ran}
    assert names == {"budget", "encoders", "sources"}


def test_another_seed_fusion_or_weighting_is_no_record_before(registry: Registry) -> None:
    others = [job(registry, fusions=["extra"]), job(registry, weightings=["learned"])]
    found = job(registry)
    assert explain([*map(record, others), record(found)], found.key, registry).ran is None


def test_a_schema_or_plugin_that_has_changed_would_run_again(
    registry: Registry, build: Callable[..., Registry]
) -> None:
    found = job(registry)
    old = record(found, schema=0, sources={**found.sources, "toy.fusions": "old"})
    would_run = explain([old], found.key, registry).would_run
    assert [line.partition(" ")[0] for line in would_run] == ["schema:", "sources.toy.fusions:"]
    gone = explain([record(found)], found.key, build(datasets=[])).would_run
    assert gone == [f"data: {found.data} -> not installed"]


def test_a_key_must_be_that_of_one_job(registry: Registry) -> None:
    found = job(registry)
    records = [record(found, key="abc1"), record(found, key="abc2")]
    with pytest.raises(UsageError, match=r"Found 2 that begin with 'abc': abc1, abc2"):
        explain(records, "abc", registry)
    with pytest.raises(UsageError, match=r"Found 0 that begin with 'x'\."):
        explain(records, "x", registry)
    assert explain(records, "abc2", registry).record["job"] == "abc2"
