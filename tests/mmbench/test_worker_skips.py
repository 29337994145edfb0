"""A job that has no meaning for its data is skipped, not failed."""

from __future__ import annotations

from typing import Any

import pytest

from mmbench import worker
from mmbench.budgets import BUDGETS
from mmbench.errors import NotApplicable, PluginError
from mmbench.jobs import Job, Objective, Pick


@pytest.mark.parametrize(
    ("error", "status"),
    [(NotApplicable("no series"), "skipped"), (PluginError("broken"), "failed")],
)
def test_the_reason_becomes_the_record(
    monkeypatch: pytest.MonkeyPatch, error: Exception, status: str
) -> None:
    def run(job: Job, record: dict[str, Any], enter: Any, train: Any) -> dict[str, Any]:
        enter("build", 0.0)
        raise error

    monkeypatch.setattr(worker, "_run", run)
    job = Job(Pick("toy"), ("a",), {}, Pick("f"), Objective(), Pick("equal"), 0, BUDGETS["quick"])
    record = worker.run_job(job, lambda phase, done: None)
    assert (record["status"], record["phase"]) == (status, "build")
    assert str(error) in record["error"]
    assert record["job"] == job.key
