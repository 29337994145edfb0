from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd

Call = Callable[..., Any]


def test_a_report_is_made_from_the_journal_alone(finished: Any, tmp_path: Path, call: Call) -> None:
    journal = tmp_path / "bare" / "journal.jsonl"
    journal.parent.mkdir()
    journal.write_bytes((finished[0] / "journal.jsonl").read_bytes())
    called = call("report", journal.parent, "--out", tmp_path / "page")
    assert called.code == 0, called.err
    page = tmp_path / "page" / "index.html"
    assert called.out.strip() == str(page)
    assert "concat" in page.read_text()
    assert not (journal.parent / "index.html").exists()
    tables = {path.name for path in (tmp_path / "page" / "tables").iterdir()}
    assert {"ranking.csv", "ranking.md", "ranking.tex"} <= tables
    ranking = pd.read_csv(tmp_path / "page" / "tables" / "ranking.csv")
    assert ranking.astype(str).eq("concat").any().any()


def test_a_report_is_written_into_the_folder_and_changes_no_record(
    copied: Path, call: Call
) -> None:
    (copied / "index.html").unlink()
    before = (copied / "journal.jsonl").read_bytes()
    assert call("report", copied).code == 0
    assert (copied / "index.html").is_file()
    assert (copied / "journal.jsonl").read_bytes() == before


def test_a_folder_without_a_journal_ends_with_1(tmp_path: Path, call: Call) -> None:
    called = call("report", tmp_path)
    assert called.code == 1
    assert "Expected a results folder with journal.jsonl" in called.err
    assert list(tmp_path.iterdir()) == []
