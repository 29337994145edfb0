"""How long a long journal takes to be read and written, in seconds of the processor."""

from __future__ import annotations

import pytest

from mmbench import runner
from mmbench.journal import Journal
from mmbench.registry import load_registry
from mmbench.runner import execute
from mmbench.suite import plan

SECONDS_A_RECORD = 5 / 100_000

pytestmark = pytest.mark.benchmark(group="journal")


def test_resuming_where_nothing_is_left(asked, count, published, write, within, monkeypatch):
    jobs = plan(asked, load_registry(), "cpu")
    monkeypatch.setattr(runner, "plan", lambda *_: jobs)  # which has a limit of its own
    folder = write(
        {**published[place % len(published)], **job.columns()} for place, job in enumerate(jobs)
    )
    (folder / "index.html").touch()
    options = asked.model_copy(update={"out": folder})
    outcome = within(SECONDS_A_RECORD * count, lambda: execute(options))
    assert (len(outcome.jobs), outcome.ran, outcome.left) == (len(jobs), 0, 0)


def test_appending_a_record(published, tmp_path, benchmark):
    with Journal(tmp_path) as journal:
        benchmark.pedantic(journal.append, args=(published[0],), rounds=100)
        assert journal.read()[-1] == published[0]
