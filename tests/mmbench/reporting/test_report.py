from __future__ import annotations

import re

import pandas as pd
import pytest
from matplotlib.figure import Figure

from mmbench.artifacts import Plot, Table, Text
from mmbench.registrations import Report
from mmbench.reporting import write_report
from mmbench.reporting.page import Head

FRAME = pd.DataFrame({"fusion": ["<img src=x onerror=alert(1)>"], "score": [0.5]})


def drawn(records: pd.DataFrame) -> list[object]:
    figure = Figure(figsize=(2, 1))
    figure.subplots().plot([1, 2])
    return [Text("A & <b>"), Table("scores", "All <i>.", FRAME), Plot("line", "L.", figure, "line")]


def broken(records: pd.DataFrame) -> list[object]:
    raise KeyError("<secret>")


def escaping(records: pd.DataFrame) -> list[object]:
    return [Table("kept", "", FRAME), Table("../../evil", "", FRAME)]


def twin(records: pd.DataFrame) -> list[object]:
    return [Table("scores", "", FRAME)]


def strange(records: pd.DataFrame) -> list[object]:
    return ["text"]


def long_one(records: pd.DataFrame) -> list[object]:
    return [Table("long", "", pd.DataFrame({"x": range(1234)}))]


def many(records: pd.DataFrame) -> list[object]:
    return [Table(f"t{i}", f"Table {i}.", FRAME) for i in range(6)]


def test_it_writes_every_format(tmp_path):
    path = write_report(pd.DataFrame(), [Report("drawn", drawn)], tmp_path / "out")
    assert path == tmp_path / "out" / "index.html"
    files = {str(file.relative_to(path.parent)) for file in path.parent.rglob("*.*")}
    assert files == {
        "index.html",
        *(f"tables/scores.{suffix}" for suffix in ("csv", "md", "tex")),
        *(f"plots/line.{suffix}" for suffix in ("svg", "png")),
    }


def test_it_runs_registrations_by_order_and_writes_their_titles(tmp_path):
    reports = [
        Report("drawn", drawn, title="Second", order=2),
        Report("many", many, title="First", order=1),
    ]
    page = write_report(pd.DataFrame(), reports, tmp_path).read_text("utf-8")
    assert re.findall(r"<h2>(.*?)</h2>", page) == ["First", "Second"]
    assert '<a href="#drawn">Second</a>' in page


def test_untrusted_text_is_escaped(tmp_path):
    page = write_report(pd.DataFrame(), [Report("drawn", drawn)], tmp_path).read_text("utf-8")
    assert "A &amp; &lt;b&gt;" in page
    assert "&lt;img src=x onerror=alert(1)&gt;" in page
    assert "<img" not in page


def test_backquotes_set_code_and_escape_what_is_in_them(tmp_path):
    def said(records: pd.DataFrame) -> list[object]:
        return [Text("Use `--a <b>` & go."), Text("One ` only.")]

    page = write_report(pd.DataFrame(), [Report("said", said)], tmp_path).read_text("utf-8")
    assert "<p>Use <code>--a &lt;b&gt;</code> &amp; go.</p>" in page
    assert "<p>One ` only.</p>" in page


def test_the_page_asks_for_nothing_from_outside(tmp_path):
    page = write_report(pd.DataFrame(), [Report("drawn", drawn)], tmp_path).read_text("utf-8")
    page = re.sub(r'xmlns(:\w+)?="[^"]*"', "", page)
    assert "http" not in page
    assert "<script" not in page
    assert "@import" not in page
    assert re.findall(r"url\((?!#)", page) == []


def test_the_same_records_give_the_same_bytes(tmp_path):
    first = write_report(pd.DataFrame(), [Report("drawn", drawn)], tmp_path / "a").parent
    second = write_report(pd.DataFrame(), [Report("drawn", drawn)], tmp_path / "b").parent
    for file in first.rglob("*.*"):
        assert file.read_bytes() == (second / file.relative_to(first)).read_bytes()


def test_a_section_that_raises_is_shown_and_the_others_survive(tmp_path):
    reports = [Report("broken", broken, order=1), Report("drawn", drawn, order=2)]
    page = write_report(pd.DataFrame(), reports, tmp_path).read_text("utf-8")
    assert "This section could not be made." in page
    assert "&lt;secret&gt;" in page
    assert (tmp_path / "tables" / "scores.csv").exists()


def test_a_section_that_cannot_be_imported_is_shown(tmp_path):
    reports = [Report("gone", "no_such_module:section")]
    page = write_report(pd.DataFrame(), reports, tmp_path).read_text("utf-8")
    assert "no_such_module" in page


@pytest.mark.parametrize(
    ("section", "message"),
    [(escaping, "../../evil"), (strange, "Found str"), (twin, "twice")],
)
def test_bad_artifacts_spoil_their_own_section_only(tmp_path, section, message):
    out = tmp_path / "deep" / "out"
    reports = [Report("drawn", drawn, order=1), Report("bad", section, order=2)]
    page = write_report(pd.DataFrame(), reports, out).read_text("utf-8")
    assert page.count("This section could not be made.") == 1
    assert message in page
    assert (out / "tables" / "scores.csv").exists()
    assert not (out / "tables" / "kept.csv").exists()
    assert {file.name for file in tmp_path.iterdir()} == {"deep"}


def test_long_tables_are_cut_on_the_page_only(tmp_path):
    page = write_report(pd.DataFrame(), [Report("long", long_one)], tmp_path).read_text("utf-8")
    assert "The first 100 of 1,234 rows" in page
    assert len((tmp_path / "tables" / "long.md").read_text("utf-8").splitlines()) == 1234 + 4


def test_many_tables_are_folded_but_the_first(tmp_path):
    page = write_report(pd.DataFrame(), [Report("many", many)], tmp_path).read_text("utf-8")
    assert page.count('<details class="folded">') == 5


def test_facts_and_headline(tmp_path, make):
    arms = {
        "add": ("default", [0.60, 0.61, None]),
        "alone:text": ("unimodal", [0.50, 0.51, 0.52]),
    }
    page = write_report(make(arms), [], tmp_path).read_text("utf-8")
    for fact in ("6 jobs", "1 dataset", "2 fusion arms", "3 seeds", "1 failed", "budget quick"):
        assert f"<span>{fact}</span>" in page
    assert "<h1>Fusion beats the best single modality on 1 of 1 dataset</h1>" in page


def test_another_head_than_that_of_jobs(tmp_path):
    head = Head("How <it> grows", ["3 points"])
    page = write_report(pd.DataFrame(), [], tmp_path, head).read_text("utf-8")
    assert "<h1>How &lt;it&gt; grows</h1>" in page
    assert "<span>3 points</span>" in page
    assert "verdict" not in page
