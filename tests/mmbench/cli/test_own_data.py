"""A user's own data without code, end to end."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from PIL import Image

Call = Callable[..., Any]
QUICK = ("--seeds", "1", "--epochs", "2", "--jobs", "1", "--no-latency")


@pytest.fixture
def arrays(tmp_path: Path) -> Path:
    rng = np.random.default_rng(0)
    y = np.array(["cat", "dog"])[np.arange(60) % 2]
    signal = (np.arange(60) % 2)[:, None]
    path = tmp_path / "mine.npz"
    np.savez(
        path,
        left=rng.normal(size=(60, 5)) + signal,
        note=np.array([f"a {label} seen {k}" for k, label in enumerate(y)]),
        note_present=np.arange(60) % 5 != 0,
        y=y,
    )
    return path


@pytest.fixture
def table(tmp_path: Path) -> Path:
    rng = np.random.default_rng(0)
    folder = tmp_path / "table"
    (folder / "pictures").mkdir(parents=True)
    for k in range(40):
        pixels = rng.integers(0, 255, (12, 12, 3)).astype(np.uint8)
        Image.fromarray(pixels).save(folder / "pictures" / f"{k}.png")
    pd.DataFrame(
        {
            "picture": [f"pictures/{k}.png" for k in range(40)],
            "height": rng.normal(size=40),
            "town": rng.choice(["a", "b"], 40),
            "price": rng.normal(size=40),
        }
    ).to_csv(folder / "rows.csv", index=False)
    (folder / "dataset.toml").write_text(
        'table = "rows.csv"\ntarget = "price"\n'
        '[columns]\npicture = "image"\nheight = "number"\ntown = "category"\n'
    )
    return folder


def test_arrays_are_compared_and_what_is_inferred_is_said(
    call: Call, records: Callable[..., Any], arrays: Path, tmp_path: Path
) -> None:
    given = (
        "run",
        "-d",
        arrays,
        "-f",
        "concat",
        "-f",
        "unimodal",
        *QUICK,
        "--out",
        tmp_path / "out",
    )
    called = call(*given)
    assert called.code == 0, called.err
    assert "classification from left (tabular), note (text)" in called.err
    rows = records(tmp_path / "out")
    assert {row["fusion"] for row in rows} == {"concat", "unimodal:left", "unimodal:note"}
    assert {row["status"] for row in rows} == {"ok"}
    assert "Nothing to do" in call(*given).out


def test_an_edited_file_is_another_job(call: Call, arrays: Path) -> None:
    given = ("run", "-d", arrays, "-f", "concat", *QUICK, "--dry-run")
    before = call(*given).out
    assert call(*given).out == before
    with np.load(arrays) as archive:
        held = dict(archive)
    np.savez(arrays, **{**held, "left": held["left"] + 1})
    after = call(*given).out
    assert after.split()[0] != before.split()[0]
    assert after.split()[1:] == before.split()[1:]


def test_a_table_with_pictures_is_compared(
    call: Call, records: Callable[..., Any], table: Path, tmp_path: Path
) -> None:
    called = call(
        "run", "-d", table / "dataset.toml", "-f", "concat", *QUICK, "--out", tmp_path / "out"
    )
    assert called.code == 0, called.err
    assert "regression from" in called.err
    assert "picture (image)" in called.err
    [row] = records(tmp_path / "out")
    assert row["task"] == "regression"


def test_validation_lists_faults_and_ends_with_one(call: Call, table: Path) -> None:
    assert call("data", "validate", "own_table", table).code == 0
    (table / "pictures" / "7.png").write_bytes(b"\x89PNG no more")
    rows = (table / "rows.csv").read_text().replace("pictures/9.png", "../secret.png")
    (table / "rows.csv").write_text(rows)
    called = call("data", "validate", "own_table", table)
    assert called.code == 1
    assert "7.png" in called.out
    assert "inside" in called.out


def test_a_missing_file_is_wrong_usage(call: Call, tmp_path: Path) -> None:
    called = call("run", "-d", tmp_path / "nothing.npz", "-f", "concat")
    assert called.code == 2
    assert "Found nothing there" in called.err


def test_a_file_without_targets_says_so(call: Call, tmp_path: Path) -> None:
    np.savez(tmp_path / "x.npz", left=np.zeros((9, 2)))
    called = call("run", "-d", tmp_path / "x.npz", "-f", "concat", "--out", tmp_path / "out")
    assert called.code in (1, 2)
    assert "y" in called.err
    assert "expected" in called.err.lower()
