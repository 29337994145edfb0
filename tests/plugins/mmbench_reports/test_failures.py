from __future__ import annotations

from mmbench_reports.failures import broken_plugins, section


def test_every_failed_job_is_listed(make):
    frame = make(datasets=3, failures=5)
    text, jobs, _ = section(frame)
    failed = frame[frame["status"] == "failed"]
    assert text.text.startswith(f"5 of {len(frame)} jobs failed.")
    assert set(jobs.frame["job"]) == set(failed["job"])
    assert set(jobs.frame["phase"]) == {"train"}


def test_long_messages_are_cut_on_the_page_only(make):
    frame = make(datasets=1, failures=1)
    frame.loc[frame["status"] == "failed", "error"] = "line\n" * 200
    _, jobs, _ = section(frame)
    assert len(jobs.shown["error"].iloc[0]) == 200
    assert len(jobs.frame["error"].iloc[0]) == 1000


def test_broken_plugins_are_listed(make):
    assert broken_plugins(make(datasets=1))["name"].tolist() == ["acme_gated"]


def test_without_a_manifest_there_are_no_plugins(make):
    frame = make(datasets=1, failures=0)
    frame.attrs.clear()
    assert len(broken_plugins(frame)) == 0
    (text,) = section(frame)
    assert text.text.startswith("0 of ")


def test_skipped_and_unscored_jobs_are_counted(make):
    frame = make(datasets=1, failures=0)
    frame.loc[0, "status"] = "skipped"
    frame.loc[1, "score"] = None
    text = section(frame)[0].text
    assert "1 were skipped." in text
    assert "1 finished without a test score" in text
