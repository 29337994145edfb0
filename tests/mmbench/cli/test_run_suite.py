"""A suite on the command line, from its name to its page."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Call = Callable[..., Any]
Records = Callable[[Path], list[dict[str, Any]]]
DESK = """
import mmbench


@mmbench.hookimpl
def mmbench_datasets():
    return [
        mmbench.Dataset(
            "ledger",
            "desk:read",
            task="regression",
            modalities={"page": "tabular"},
            layout="ledger.csv",
            embedded=False,
            source="ledger.example",
        )
    ]


@mmbench.hookimpl
def mmbench_suites():
    return [
        mmbench.Suite(
            "desk",
            title="At the desk",
            text="Numbers on forms.",
            datasets={"mfeat[modalities=fou+zer]": ("fou=mlp[hidden=16]",), "ledger": ()},
            fusions=("gated",),
            weightings=("equal",),
            metrics={"classification": ("macro_f1",)},
            summary="Digits and a ledger.",
        )
    ]
"""
BRIEF = ("--seeds", 1, "--epochs", 1, "--jobs", 1, "--no-latency")


@pytest.fixture
def desk(install: Callable[..., Path], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("MMBENCH_DATA", raising=False)
    install("desk", DESK)


@pytest.mark.usefixtures("desk")
def test_a_suite_runs_to_a_page_of_its_own(tmp_path: Path, call: Call, records: Records) -> None:
    called = call("run", "--suite", "desk", *BRIEF, "--no-controls", "--out", tmp_path / "out")
    assert called.code == 0, called.err
    assert "Left out of suite 'desk': ledger: MMBENCH_DATA is not set" in called.err
    assert "it needs ledger.csv; source: ledger.example" in called.err
    found = records(tmp_path / "out")
    assert {record["suite"] for record in found} == {"desk"}
    assert {record["dataset"] for record in found} == {"mfeat[modalities=fou+zer]"}
    assert sorted((record["fusion"], record["objective"]) for record in found) == [
        ("concat", "joint+uni"),
        ("gated", "joint"),
    ]
    assert {record["encoders"] for record in found} == {"fou=mlp[hidden=16],zer=mlp"}
    options = json.loads((tmp_path / "out" / "run.json").read_text())["options"]
    assert (options["suite"], options["fusions"]) == ("desk", [])
    page = (tmp_path / "out" / "index.html").read_text()
    assert "Suite <code>desk</code>. At the desk. Numbers on forms." in page
    assert page.index("suite desk") < page.index("<h2>Does fusion help?")
    tables = tmp_path / "out" / "tables"
    assert (
        "ledger,not found on disk,ledger.csv" in (tables / "setting-desk-left-out.csv").read_text()
    )
    assert "macro_f1" in (tables / "setting-mfeat-modalities-fou-zer.csv").read_text()


@pytest.mark.usefixtures("desk")
def test_what_is_given_wins_and_other_data_are_refused(call: Call) -> None:
    given = ("run", "--suite", "desk", "--dry-run", "--no-estimate", "--seeds", 1)
    # gated and concat, late_transformer, the prior, the A/A arm, two single and two shuffled modalities;
    # concat with unimodal losses under equal weights.
    assert call(*given).out.strip().endswith("10 jobs; none was run.")
    chosen = call(*given, "-f", "sum", "--no-controls")
    assert "  sum  joint  equal" in chosen.out
    assert "gated" not in chosen.out
    refused = call(*given, "-d", "watch")
    assert refused.code == 2
    assert "Expected datasets of suite 'desk': ledger, mfeat. Found watch." in refused.err
    nowhere = call(*given, "-d", "ledger")
    assert (nowhere.code, "where dataset 'ledger' lies" in nowhere.err) == (2, True)


@pytest.mark.usefixtures("desk")
def test_a_file_of_options_may_name_the_suite(tmp_path: Path, call: Call) -> None:
    (tmp_path / "run.toml").write_text('suite = "desk"\nseeds = 1\ncontrols = false\n')
    called = call("run", "--config", tmp_path / "run.toml", "--dry-run", "--no-estimate")
    assert called.out.strip().endswith("2 jobs; none was run.")


@pytest.mark.usefixtures("desk")
def test_the_list_shows_which_datasets_are_here(call: Call) -> None:
    lines = call("list", "suites").out.splitlines()
    [place] = [index for index, line in enumerate(lines) if line.startswith("  desk ")]
    assert lines[place].endswith("Digits and a ledger.")
    assert lines[place + 1].strip() == "here: mfeat[modalities=fou+zer]"
    assert lines[place + 2].strip() == "not here: ledger"
    rows = json.loads(call("list", "suites", "--json").out)
    [row] = [row for row in rows if row["name"] == "desk"]
    assert row["datasets"]["mfeat[modalities=fou+zer]"] == ""
    assert "ledger.csv" in row["datasets"]["ledger"]
    assert row["metrics"] == {"classification": ["macro_f1"]}
