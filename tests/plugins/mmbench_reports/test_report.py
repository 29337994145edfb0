"""All sections together, on whole, odd and hostile records."""

from __future__ import annotations

import re

import numpy as np
import pandas as pd
import pytest

from mmbench.reporting import write_report
from mmbench_reports import mmbench_reports

JOBS = [report for report in mmbench_reports() if report.records == "jobs"]


def page_of(records: pd.DataFrame, out) -> str:
    return write_report(records, JOBS, out).read_text("utf-8")


def test_a_whole_run_has_every_section_and_always_the_same_bytes(make, tmp_path):
    first, second = tmp_path / "first", tmp_path / "second"
    page = page_of(make(datasets=1), first)
    assert "This section could not be made." not in page
    titles = [report.title for report in sorted(JOBS, key=lambda r: r.order)]
    assert re.findall(r"<h2>(.*?)</h2>", page) == titles
    page_of(make(datasets=1), second)
    files = {path.relative_to(first) for path in first.rglob("*.*")}
    plots = {f"plots/{name}.svg" for name in ("verdict", "ranking", "latency", "curves")}
    assert {str(file) for file in files} >= plots
    assert all((first / file).read_bytes() == (second / file).read_bytes() for file in files)


def test_hostile_names_are_shown_as_they_are(make, tmp_path):
    datasets = {"mfeat": "$a_{b}$|<script>", "emoji": "..\\$x$[a](b)"}
    records = make(datasets=2)
    records["dataset"] = records["dataset"].map(datasets)
    records["fusion"] = records["fusion"].str.replace("gated", "ga$t$ed<&\"'|\n\x1b漢")
    page = page_of(records, tmp_path)
    assert "This section could not be made." not in page
    assert "<script" not in page
    assert "$a_{b}$|&lt;script&gt;" in page
    assert "ga$t$ed" in (tmp_path / "plots" / "latency.svg").read_text("utf-8")


def test_no_records_make_a_page(tmp_path):
    page = page_of(pd.DataFrame(), tmp_path)
    assert "This section could not be made." not in page
    assert "No verdict yet" in page


def test_sections_change_nothing(make):
    records = make(datasets=1)
    before = records.copy(deep=True)
    for report in JOBS:
        report.load()(records)
    pd.testing.assert_frame_equal(records, before)


def _failed(records: pd.DataFrame) -> pd.DataFrame:
    numbers = ["score", "validation_score", "latency_b1_median_ms", "params"]
    return records.assign(status="failed", phase="build", error="boom", **dict.fromkeys(numbers))


ODD = {
    "all failed": _failed,
    "one seed": lambda records: records[records["seed"] == 0],
    "one fusion": lambda records: records[records["fusion"] == "concat"],
    "only single modalities": lambda records: records[records["fusion_role"] == "unimodal"],
    "only the prior": lambda records: records[records["fusion_role"] == "prior"],
    "only dataset and score": lambda records: records[["dataset", "score"]],
    "objects and None": lambda records: records.astype(object).where(records.notna(), None),
    "one score": lambda records: records.assign(score=0.5, latency_b1_median_ms=1.0),
    "infinite": lambda records: records.assign(score=np.inf, latency_b1_median_ms=np.inf),
}


@pytest.mark.parametrize("name", ODD)
def test_odd_records_break_no_section(make, name):
    records = ODD[name](make(datasets=1))
    for report in JOBS:
        assert report.load()(records), report.name


@pytest.mark.parametrize("column", ["seed", "n_train"])
def test_a_missing_column_breaks_no_section(make, column):
    records = make(datasets=1).drop(columns=column)
    for report in JOBS:
        assert report.load()(records), report.name
