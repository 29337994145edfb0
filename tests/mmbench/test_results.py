from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from mmbench.errors import JournalError
from mmbench.journal import Journal
from mmbench.results import JOBS, LATENCIES, MANIFEST, load

ARM: dict[str, Any] = {
    "dataset": "facts",
    "modalities": "a+b",
    "encoders": "a=dense",
    "fusion": "join",
    "objective": "joint",
    "weighting": "plain",
    "seed": 0,
    "budget": "quick",
    "device": "cpu",
    "model": "m1",
    "status": "ok",
}


def write(folder: Path, name: str, *records: dict[str, Any]) -> None:
    with Journal(folder, name) as journal:
        for record in records:
            journal.append(record)


def test_a_job_is_a_row_and_its_last_record_counts(tmp_path: Path) -> None:
    old, new = ({**ARM, "job": "1", "score": 0.1}, {**ARM, "job": "2", "score": 0.2})
    other = {**ARM, "job": "3", "seed": 1, "score": 0.3}
    write(tmp_path, JOBS, old, other, new)
    assert list(load(tmp_path)["job"]) == ["3", "2"]
    assert list(load(tmp_path, superseded=True)["job"]) == ["1", "3", "2"]


@pytest.mark.parametrize("name", [name for name in ARM if name not in ("model", "status")])
def test_jobs_that_differ_in_any_part_of_their_arm_are_two_rows(tmp_path: Path, name: str) -> None:
    write(tmp_path, JOBS, {**ARM, "job": "1"}, {**ARM, "job": "2", name: "other"})
    assert len(load(tmp_path)) == 2


def test_latency_stands_beside_every_job_of_its_shape(tmp_path: Path) -> None:
    jobs = [{**ARM, "job": str(seed), "seed": seed} for seed in (0, 1)]
    write(tmp_path, JOBS, *jobs, {**ARM, "job": "2", "seed": 2, "model": "m2"})
    measured = {"model": "m1", "device": "cpu", "status": "ok"}
    write(
        tmp_path,
        LATENCIES,
        {**measured, "job": "a", "latency_b1_median_ms": 1.0},
        {**measured, "job": "a", "latency_b1_median_ms": 2.0, "throughput_b1": 500.0},
        {**measured, "job": "b", "device": "cuda", "latency_b1_median_ms": 9.0},
        {**measured, "job": "c", "model": "m2", "status": "failed", "latency_b1_median_ms": 8.0},
    )
    found = load(tmp_path).fillna(-1)
    assert list(found["latency_b1_median_ms"]) == [2.0, 2.0, -1]
    assert list(found["throughput_b1"]) == [500.0, 500.0, -1]
    assert list(found["job"]) == ["0", "1", "2"]


def test_the_description_of_the_run_comes_along(tmp_path: Path) -> None:
    write(tmp_path, JOBS, {**ARM, "job": "1"})
    assert load(str(tmp_path)).attrs["run"] == {}
    (tmp_path / MANIFEST).write_text('{"command": "mmbench run"}')
    assert load(tmp_path).attrs["run"] == {"command": "mmbench run"}
    (tmp_path / MANIFEST).write_text("{")
    with pytest.raises(JournalError, match=r"Expected JSON in .*run\.json.*only a description"):
        load(tmp_path)


def test_an_empty_journal_has_no_rows_and_none_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(JournalError, match=r"results folder with journal\.jsonl"):
        load(tmp_path)
    write(tmp_path, JOBS)
    assert load(tmp_path).empty
