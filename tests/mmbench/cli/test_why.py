from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from mmbench.journal import Journal

Call = Callable[..., Any]
Records = Callable[[Path], list[dict[str, Any]]]


def test_a_first_run_had_no_record_and_would_not_run_again(
    finished: Any, call: Call, records: Records
) -> None:
    [record] = records(finished[0])
    called = call("why", finished[0], record["job"][:6])
    assert called.code == 0
    assert called.out.splitlines() == [
        f"{record['job']}: concat on mfeat, weighting equal, objective joint, seed 0: ok",
        "It ran because it had no record.",
        "It would not run again: nothing in its key has changed.",
    ]


def test_what_has_changed_is_named(copied: Path, call: Call, records: Records) -> None:
    [record] = records(copied)
    spec = json.loads(record["spec"])
    spec["sources"]["mmbench_fusions.operators"] = "old"
    spec["budget"]["epochs"] = 1
    with Journal(copied) as journal:
        journal.append({**record, "job": "f" * 16, "spec": json.dumps(spec)})
        journal.append(record)
    called = call("why", copied, record["job"])
    assert called.code == 0
    assert "It ran because these differ from the record before:" in called.out
    assert "  budget.epochs: 1 -> 2" in called.out
    assert "  sources.mmbench_fusions.operators: old -> " in called.out
    old = call("why", copied, "ffff")
    assert "It would run again, because these have changed since:" in old.out
    assert "  sources.mmbench_fusions.operators: old -> " in old.out
    assert "budget" not in old.out.partition("would run again")[2]


def test_an_unknown_job_ends_with_2(finished: Any, call: Call) -> None:
    called = call("why", finished[0], "zzz")
    assert called.code == 2
    assert "Expected the key of one job. Found 0 that begin with 'zzz'" in called.err


def test_a_folder_without_a_journal_says_how_to_make_one(tmp_path: Path, call: Call) -> None:
    called = call("why", tmp_path, "abc")
    assert called.code == 1
    assert f"Found none in {tmp_path}. `mmbench run --out" in called.err
