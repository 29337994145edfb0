"""How long the report of many records takes, in seconds of the processor."""

from __future__ import annotations

import itertools

import pytest

from mmbench.runner import make_report

SECONDS = 60


@pytest.mark.benchmark(group="report")
def test_a_report(benchmark, count, published, write, within):
    if benchmark.disabled:
        pytest.skip("plots alone take ten seconds; `make benchmark` measures it")
    seeds = 1 + max(record["seed"] for record in published)
    again = (
        {**record, "seed": record["seed"] + seeds * copy}
        for copy in itertools.count()
        for record in published
    )
    folder = write(itertools.islice(again, count))
    page = within(SECONDS, lambda: make_report(folder))
    assert "This section could not be made." not in page.read_text()
