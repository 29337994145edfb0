from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from mmbench.journal import Journal
from mmbench.latency import energy
from mmbench.latency.rows import COLUMNS
from mmbench.results import MEASUREMENTS

Call = Callable[..., Any]
FEW = ["--rounds", 2, "--calls", 10, "--device", "cpu"]
RECORD = {
    "started_at", "mmbench_version", "torch_version", "python_version", "schema", "status", "phase",
    "error", "traceback",
}  # fmt: skip


def rows(folder: Path) -> list[dict[str, Any]]:
    return Journal(folder, MEASUREMENTS).read()


def test_a_study_writes_rows_tables_plots_and_a_page(
    tmp_path: Path, call: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(energy, "POWERCAP", tmp_path / "no counters here")
    threads = torch.get_num_threads()
    arguments = ["-d", "mfeat", "-f", "concat,gated", "-b", 1, "-b", 3, "--bound", 1000, *FEW]
    called = call("latency", *arguments, "--rounds", 4, "--out", tmp_path / "out")
    assert called.code == 0, called.err
    assert torch.get_num_threads() == threads
    found = rows(tmp_path / "out")
    assert [(row["fusion"], row["batch"]) for row in found] == [
        (fusion, batch) for batch in (1, 3) for fusion in ("concat", "gated", "concat:again")
    ]
    for row in found:
        assert set(row) - RECORD == set(COLUMNS) - {"energy_mj", "energy_source"}
        assert row["status"] == "ok"
        assert row["samples"] >= 40
        assert 0 < row["median_low_ms"] <= row["median_ms"] <= row["median_high_ms"]
        assert row["p99_ms"] is None or row["samples"] >= 368
        assert row["throughput"] == pytest.approx(1e3 * row["batch"] / row["median_ms"])
        assert row["first_result_ms"] > row["median_ms"]
        assert row["load_rate"] > 0
        assert row["load_p99_ms"] <= row["load_bound_ms"] == 1000
    concat, gated, again = found[:3]
    same = ("params", "flops", "uncounted", "peak_memory_mb", "noise_floor", "reference_ms")
    assert [concat[name] for name in same] == [again[name] for name in same]
    assert gated["params"] > concat["params"]
    assert found[3]["flops"] == 3 * concat["flops"]
    assert again["fusion_role"] == "again"
    manifest = json.loads((tmp_path / "out" / "measurements.json").read_text())
    assert manifest["machine"]["threads"] == manifest["settings"]["threads"] == 1
    assert manifest["clock"]["resolution_ns"] > 0
    assert f"| concat | 1 | {concat['median_ms']:.4g} [" in called.out
    table = (tmp_path / "out" / "tables" / "latencies.md").read_text()
    assert table.strip() in called.out
    assert (tmp_path / "out" / "plots" / "latency_parts.png").is_file()
    page = (tmp_path / "out" / "index.html").read_text()
    assert "Latency of 3 models on mfeat" in page
    assert "Where the time goes" in page
    assert "could not be made" not in page


def test_a_failure_is_a_row_and_what_has_no_meaning_is_none(
    with_trouble: Path, tmp_path: Path, call: Call
) -> None:
    fusions = ["-f", "raises,early_input,steady"]
    called = call("latency", "-d", "tiny", *fusions, "-b", 2, *FEW, "--out", tmp_path)
    assert called.code == 1
    assert "failed: raises (eager, batch 2): RuntimeError: no gate" in called.err
    found = {row["fusion"]: row for row in rows(tmp_path)}
    assert {name: (row["status"], row["phase"]) for name, row in found.items()} == {
        "raises": ("failed", "build"),
        "early_input": ("skipped", "build"),
        "steady": ("ok", "done"),
        "steady:again": ("ok", "done"),
    }
    assert "RuntimeError: no gate" in called.out


def test_modes_that_the_machine_lacks_are_failures_beside_those_it_has(
    with_trouble: Path, tmp_path: Path, call: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shutil.which", lambda name: None)
    arguments = ["-d", "tiny", "-f", "steady", "-b", 1, "--mode", "compiled", "--mode", "eager"]
    called = call("latency", *arguments, *FEW, "--out", tmp_path)
    assert called.code == 1
    assert [(row["mode"], row["status"]) for row in rows(tmp_path)] == [
        ("compiled", "failed"),
        ("eager", "ok"),
        ("eager", "ok"),
    ]
    assert "Expected a C++ compiler" in called.err


def test_against_tells_a_slower_fusion_from_one_that_stayed(
    with_trouble: Path, tmp_path: Path, call: Call
) -> None:
    """The earlier measurements are made up of today's, with one fusion ten times as fast."""
    arguments = ["latency", "-d", "tiny", "-f", "steady,slow", "-b", 1, *FEW, "--out", tmp_path]
    assert call(*arguments).code == 0
    earlier = rows(tmp_path)
    with Journal(tmp_path, MEASUREMENTS) as journal:
        journal.set_aside()
        for row in earlier:
            tenth = {name: row[name] / 10 for name in row if name.startswith("median_")}
            journal.append(row | tenth if row["fusion"] == "slow" else row)
    page = tmp_path / "page"
    assert call("report", tmp_path, "--out", page).out.strip() == str(page / "index.html")
    assert "Latency of 3 models" in (page / "index.html").read_text()
    manifest = tmp_path / "measurements.json"
    about = json.loads(manifest.read_text())
    about["machine"]["torch"] = "1.0"
    manifest.write_text(json.dumps(about))
    called = call(*arguments, "--against", tmp_path)
    assert called.code == 0
    assert "torch: 1.0 before" in called.out
    [slow] = [line for line in called.out.splitlines() if line.startswith("| slow |")][1:]
    assert slow.endswith("| slower |")
    assert "| slower |" in (tmp_path / "tables" / "latency_changes.md").read_text()
    assert len(list(tmp_path.glob("measurements.*.old"))) >= 1


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["-f", "concta"], "Unknown fusion 'concta'. Did you mean 'concat'?"),
        (["-d", "mfaet"], "Unknown dataset 'mfaet'. Did you mean 'mfeat'?"),
        (
            ["-d", "movies_*"],
            "Expected one dataset, on which all are measured. Found movies_genres",
        ),
        (["-f", "concat[dropuot=1]"], "'dropuot'. Did you mean 'dropout'?"),
        (["-b", "0"], "0 is not in the range x>=1"),
        (["--bound", "0"], "0.0 is not in the range x>0"),
        (["--precision", "int8"], "'int8' is not one of"),
        (["--device", "tpu"], "Expected the device to be auto, cpu, cuda or cuda:N. Found 'tpu'."),
        (
            ["--against", "nowhere"],
            "Expected a folder with measurements.jsonl. Found none in nowhere.",
        ),
    ],
)
def test_a_wrong_request_ends_with_2_and_leaves_nothing(
    tmp_path: Path, call: Call, arguments: list[str], message: str
) -> None:
    called = call("latency", *arguments, "--out", tmp_path / "out")
    assert called.code == 2
    assert message in called.err
    assert not (tmp_path / "out").exists()


@pytest.mark.slow
def test_ctrl_c_keeps_the_rows(
    trouble: Path, tmp_path: Path, start: Callable[..., subprocess.Popen[str]]
) -> None:
    batches = [word for size in range(1, 40) for word in ("-b", size)]
    arguments = ["-d", "tiny", "-f", "slow", *batches, *FEW, "--out", tmp_path]
    process = start("latency", *arguments, path=trouble)
    path, deadline = tmp_path / MEASUREMENTS, time.monotonic() + 60
    while not (path.is_file() and path.stat().st_size):
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.05)
    os.killpg(process.pid, signal.SIGINT)
    printed, errors = process.communicate(timeout=60)
    assert process.returncode == 130, errors
    assert f"Interrupted after {len(rows(tmp_path))} rows." in printed
    assert 1 <= len(rows(tmp_path)) < 78
    assert (tmp_path / "index.html").is_file()
    assert "Traceback" not in errors
