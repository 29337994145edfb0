from __future__ import annotations

import contextlib
import json
import math
import os
import re
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from mmbench.registry import SWITCH

TINY = ["-d", "mfeat", "-f", "concat", "--seeds", 1, "--epochs", 2, "--no-latency"]
FIELDS = {
    "job", "dataset", "fusion", "weighting", "seed", "status", "error", "phase", "split_hash",
    "primary_metric", "params", "train_seconds", "started_at", "mmbench_version", "torch_version",
    "device", "metric_accuracy", "score", "hyperparameters", "trial_scores", "model",
}  # fmt: skip

Call = Callable[..., Any]
Records = Callable[[Path], list[dict[str, Any]]]
Start = Callable[..., "subprocess.Popen[str]"]


def members(group: int) -> list[int]:
    """Processes of a process group, or of the sessions that its members' workers lead."""
    found = []
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            with contextlib.suppress(OSError, IndexError):
                fields = (folder / "stat").read_text().rpartition(")")[2].split()
                if fields[0] != "Z" and group in (int(fields[2]), int(fields[3])):
                    found.append(int(folder.name))
    return found


def wait_for(condition: Callable[[], bool], seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.05)


def lines(folder: Path) -> int:
    path = folder / "journal.jsonl"
    return path.read_bytes().count(b"\n") if path.is_file() else 0


def test_a_run_ends_well_and_says_what_it_did(finished: Any) -> None:
    folder, called = finished
    assert called.code == 0, called.err
    assert "1 of 1 jobs ran" in called.out
    assert str(folder / "index.html") in called.out
    assert (folder / "index.html").is_file()
    assert "Training: 1/1" in called.err


def test_a_record_has_the_documented_fields(finished: Any, records: Records) -> None:
    [record] = records(finished[0])
    assert set(record) >= FIELDS
    assert (record["status"], record["error"], record["phase"]) == ("ok", "", "done")
    assert (record["dataset"], record["fusion"], record["weighting"]) == (
        "mfeat",
        "concat",
        "equal",
    )
    assert record["score"] == record[f"metric_{record['primary_metric']}"]
    assert 0.2 < record["score"] <= 1
    assert record["params"] > 0
    assert record["train_seconds"] > 0


def test_the_run_is_described(finished: Any) -> None:
    manifest = json.loads((finished[0] / "run.json").read_text())
    assert manifest["options"]["fusions"] == ["concat"]
    assert manifest["machine"]["cores"] >= 1
    assert "mmbench_fusions" in [plugin["name"] for plugin in manifest["plugins"]]


def test_a_second_run_does_nothing_and_says_so(copied: Path, call: Call) -> None:
    before = (copied / "journal.jsonl").read_bytes()
    again = call("run", *TINY, "--out", copied)
    assert again.code == 0
    assert "Nothing to do: all 1 jobs have records" in again.out
    assert (copied / "journal.jsonl").read_bytes() == before


@pytest.mark.slow
def test_fresh_keeps_the_old_journal_and_the_same_seeds_give_the_same_metrics(
    copied: Path, call: Call, records: Records
) -> None:
    before = (copied / "journal.jsonl").read_bytes()
    [old] = records(copied)
    again = call("run", *TINY, "--out", copied, "--fresh")
    assert (again.code, "1 of 1 jobs ran" in again.out) == (0, True)
    [aside] = copied.glob("journal.*.old")
    assert aside.read_bytes() == before
    [new] = records(copied)
    assert new["started_at"] > old["started_at"]
    assert new["split_hash"] == old["split_hash"]
    metrics = [name for name in old if name.startswith("metric_")]
    assert metrics
    assert all(math.isclose(new[name], old[name], rel_tol=0, abs_tol=1e-6) for name in metrics)


@pytest.mark.slow
def test_models_are_brought_to_the_size_of_one_of_them(
    tmp_path: Path, call: Call, records: Records
) -> None:
    chosen = ("-d", "mfeat", "-f", "concat,gated,late_average,unimodal:fou,prior")
    brief = ("--seeds", 1, "--epochs", 1, "--jobs", 1, "--no-latency", "--out", tmp_path / "out")
    assert call("run", *chosen, *brief, "--match-params", "gated").code == 0
    found = {record["fusion"]: record for record in records(tmp_path / "out")}
    target = found["gated"]["params"]
    for name in ("concat", "late_average", "unimodal:fou"):
        assert abs(found[name]["params"] - target) <= 0.05 * target
    assert found["gated"]["match_params"] == "gated"
    assert "out_dim" in json.loads(found["concat"]["hyperparameters"])
    assert "dim" in json.loads(found["late_average"]["hyperparameters"])
    assert found["prior"]["params"] == 0


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["-f", "concat", "--match-params", "0"], "Expected a number of parameters above 0"),
        (["-f", "concat", "--match-params", "prior"], "Expected a number or a fusion of all"),
        (["-f", "concat", "--match-params", "gatde"], "'gatde'. Did you mean 'gated'?"),
        (["-f", "concta"], "Unknown fusion 'concta'. Did you mean 'concat'?"),
        (["-d", "mfaet"], "Unknown dataset 'mfaet'. Did you mean 'mfeat'?"),
        (["-w", "eqaul"], "Unknown weighting 'eqaul'. Did you mean 'equal'?"),
        (["-f", "concat[dropuot=1]"], "'dropuot'. Did you mean 'dropout'?"),
        (["-f", "concat", "--seeds", "0"], "seeds: Input should be greater than or equal to 1"),
        (["-f", "concat", "--seeds", "x"], "'x' is not a valid integer"),
        (["-f", "concat", "--timeout", "0"], "timeout: Input should be greater than 0"),
        (["-f", "concat", "--lambda", "fou"], "Expected NAME=NUMBER. Found 'fou'"),
        (["-d", "mfeat", "--lambda", "fuo=1"], "'fuo'. Did you mean 'fou'?"),
        (["-f", "concat", "--config", "no.toml"], "Expected a readable TOML file"),
        (["-f", "concat", "--nonsense"], "No such option"),
        ([], "Expected something to run"),
    ],
)
def test_a_wrong_request_ends_with_2_and_leaves_nothing(
    tmp_path: Path, call: Call, arguments: list[str], message: str
) -> None:
    called = call("run", *arguments, "--out", tmp_path / "results")
    assert called.code == 2
    assert message in called.err
    assert not (tmp_path / "results").exists()


def test_a_dry_run_prints_the_jobs_and_writes_nothing(tmp_path: Path, call: Call) -> None:
    called = call("run", *TINY, "--seeds", 2, "--dry-run", "--out", tmp_path / "results")
    assert called.code == 0
    *jobs, last = called.out.splitlines()
    assert last == "2 jobs; none was run."
    assert [line.split()[1:] for line in jobs] == [
        ["mfeat", "concat", "joint", "equal", "seed", seed] for seed in ("0", "1")
    ]
    assert "Estimate: at most " in called.err
    assert "peak memory 1." in called.err
    assert "(shapes of job: 1 measured)" in called.err
    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
def test_an_estimate_leaves_out_what_cannot_be_run(with_trouble: Path, call: Call) -> None:
    chosen = ("-d", "tiny", "-f", "raises,steady", "--seeds", 1, "--jobs", 1)
    called = call("run", *chosen, "--dry-run")
    assert called.code == 0
    assert "failed: tiny raises equal seed 0: train: RuntimeError: no gate" in called.err
    assert "(shapes of job: 1 measured, 1 failed and left out)" in called.err


@pytest.mark.slow
def test_an_estimate_is_right_within_a_factor_of_two(
    tmp_path: Path, call: Call, records: Records
) -> None:
    brief = ("-d", "watch", "-f", "concat,perceiver", "--jobs", 1, "--no-latency")
    chosen = ("run", *brief, "--seeds", 2, "--out", tmp_path / "out")

    def estimated(*more: object) -> tuple[float, float]:
        [line] = [x for x in call(*chosen, *more, "--dry-run").err.splitlines() if "Estim" in x]
        minutes, seconds, memory = re.findall(r"(?:(\d+) min )?(\d+) s .*memory (\S+) GB", line)[0]
        return 60 * int(minutes or 0) + int(seconds), 1000 * float(memory)

    before, memory = estimated()
    started = time.monotonic()
    assert call(*chosen).code == 0
    seconds = time.monotonic() - started
    after, _ = estimated("--fresh")  # what other processes took from the run, they take here too
    assert min(before, after) / 2 < seconds < max(before, after) * 2
    peaks = [record["peak_memory_mb"] for record in records(tmp_path / "out")]
    assert 0.5 < memory / (max(peaks) + min(peaks)) < 2
    assert "(shapes of job: 2 from records)" in call(*chosen, "--seeds", 3, "--dry-run").err


def test_the_command_line_wins_over_a_file(tmp_path: Path, call: Call) -> None:
    config = tmp_path / "run.toml"
    config.write_text('datasets = ["mfeat"]\nfusions = ["sum"]\nseeds = 2\n')
    called = call("run", "--config", config, "--seeds", 1, "--dry-run", "--no-estimate")
    assert called.out.splitlines()[1:] == ["1 jobs; none was run."]
    assert "mfeat  sum" in called.out


def test_no_plugins_switches_third_parties_off(
    with_trouble: Path, call: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(SWITCH, "trouble")
    arguments = ["run", "-f", "steady", "-d", "mfeat", "--dry-run", "--no-estimate"]
    assert call(*arguments).code == 0
    called = call(*arguments, "--no-plugins")
    assert (called.code, "Unknown fusion 'steady'" in called.err) == (2, True)


@pytest.mark.slow
def test_each_failure_is_one_row_and_all_else_completes(
    with_trouble: Path, tmp_path: Path, call: Call, records: Records
) -> None:
    out = tmp_path / "results"
    fusions = ["-f", "raises,exits,nans,steady"]
    arguments = ["-d", "tiny*", *fusions, "--seeds", 1, "--epochs", 1, "--jobs", 1, "--no-latency"]
    called = call("run", *arguments, "--out", out)
    assert called.code == 1, called.err
    found = {(record["dataset"], record["fusion"]): record for record in records(out)}
    assert len(found) == len(records(out)) == 12
    broken = [record for key, record in found.items() if key[0] != "tiny"]
    assert {(record["status"], record["phase"]) for record in broken} == {("failed", "data")}
    assert all(f"{r['dataset'].removeprefix('tiny_')}.bin" in r["error"] for r in broken)
    tiny = {key[1]: record for key, record in found.items() if key[0] == "tiny"}
    assert {name: (record["status"], record["phase"]) for name, record in tiny.items()} == {
        "raises": ("failed", "train"),
        "exits": ("failed", "train"),
        "nans": ("failed", "train"),
        "steady": ("ok", "done"),
    }
    assert tiny["raises"]["error"] == "RuntimeError: no gate"
    assert "in forward" in tiny["raises"]["traceback"]
    assert tiny["nans"]["error"].startswith("NonFiniteError: ")
    assert tiny["exits"]["error"] == "worker died with exit code 3"
    assert all({"started_at", "torch_version", "device"} <= set(r) for r in found.values())
    assert "12 of 12 jobs ran" in called.out
    assert "11 jobs failed; they are rows of the report" in called.err
    page = (out / "index.html").read_text()
    assert "RuntimeError: no gate" in page
    again = call("run", *arguments, "--out", out)
    assert (again.code, "Nothing to do" in again.out) == (1, True)


@pytest.mark.slow
def test_a_timeout_is_a_row_and_fail_fast_stops_there(
    with_trouble: Path, tmp_path: Path, call: Call, records: Records
) -> None:
    out = tmp_path / "results"
    arguments = ["-d", "tiny", "-f", "hangs,steady", "--seeds", 1, "--jobs", 1, "--no-latency"]
    called = call("run", *arguments, "--timeout", 2, "--fail-fast", "--out", out)
    assert called.code == 1
    [record] = records(out)
    assert (record["fusion"], record["error"]) == ("hangs", "timed out after 2 s")
    assert "1 of 2 jobs ran" in called.out
    assert "1 left to run" in called.out
    assert "kept" not in called.out


@pytest.mark.slow
def test_a_killed_run_goes_on_where_it_stopped(
    trouble: Path, tmp_path: Path, start: Start, records: Records
) -> None:
    out = tmp_path / "results"
    arguments = ["run", "-d", "tiny", "-f", "steady,slow", "--seeds", 4, "--epochs", 5]
    arguments += ["--no-latency", "--jobs", 1, "--out", str(out)]
    first = start(*arguments, path=trouble)
    wait_for(lambda: lines(out) >= 2)
    os.kill(first.pid, signal.SIGKILL)
    first.communicate()
    wait_for(lambda: members(first.pid) == [], 20)
    kept = records(out)
    assert 2 <= len(kept) < 8
    second = start(*arguments, path=trouble)
    printed, errors = second.communicate(timeout=120)
    assert second.returncode == 0, errors
    assert f"{8 - len(kept)} of 8 jobs ran" in printed
    assert f"{len(kept)} kept from before" in printed
    after = records(out)
    assert after[: len(kept)] == kept
    assert len(after) == len({record["job"] for record in after}) == 8


@pytest.mark.slow
@pytest.mark.parametrize("done", [0, 1])
def test_ctrl_c_ends_cleanly(
    trouble: Path, tmp_path: Path, start: Start, records: Records, done: int
) -> None:
    out = tmp_path / "results"
    arguments = ["-d", "tiny", "-f", "slow", "--seeds", 50, "--jobs", 1, "--no-latency"]
    process = start("run", *arguments, "--epochs", 5, "--out", out, path=trouble)
    wait_for(lambda: (out / "run.json").is_file() and lines(out) >= done)
    time.sleep(0.3)
    # A terminal sends the signal to every process of its foreground group.
    os.killpg(process.pid, signal.SIGINT)
    printed, errors = process.communicate(timeout=60)
    assert process.returncode == 130, (printed, errors)
    assert "Traceback" not in errors
    assert "Interrupted" in printed + errors
    assert done <= len(records(out)) < 50
    assert all(record["status"] == "ok" for record in records(out))
    wait_for(lambda: members(process.pid) == [], 10)
