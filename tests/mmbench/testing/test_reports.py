from __future__ import annotations

from mmbench import Report, Text
from mmbench.testing import check


def failures(target, title="Title"):
    found = check(Report("r", target, title=title, summary="R."))
    return {result.property: result.message for result in found if result.status == "failed"}


def test_a_sound_section_passes():
    assert failures(lambda records: [Text(f"{len(records)} records")]) == {}


def test_a_section_without_a_title_is_caught():
    assert list(failures(lambda records: [], title="")) == ["it has a title"]


def test_changed_records_are_caught():
    def section(records):
        records["score"] = 0.0
        return []

    assert "changes" in failures(section)["records become artifacts"]


def test_what_is_no_artifact_is_caught():
    assert "str" in failures(lambda records: ["text"])["records become artifacts"]


def test_a_section_that_needs_a_finished_job_is_caught():
    def section(records):
        return [Text(records[records["status"] == "ok"]["dataset"].iloc[0])]

    assert list(failures(section)) == ["failures alone become artifacts"]
