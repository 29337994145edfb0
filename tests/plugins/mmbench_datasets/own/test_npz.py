from __future__ import annotations

import hashlib
import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import mmbench
from mmbench.data.problems import Problems
from mmbench.errors import DataError
from mmbench_datasets.own.npz import describe, read

N = 12


def _arrays() -> dict[str, np.ndarray]:
    rng = np.random.default_rng(0)
    return {
        "photo": rng.integers(0, 256, (N, 6, 8, 3), dtype=np.uint8),
        "wrist": rng.normal(size=(N, 20, 3)).astype(np.float32),
        "wrist_length": np.arange(N) + 1,
        "wrist_present": np.arange(N) != 4,
        "facts": np.where(rng.random((N, 5)) < 0.2, np.nan, rng.normal(size=(N, 5))),
        "age": np.arange(N) * 1.5,
        "note": np.array([f"note {k}" for k in range(N)]),
        "y": np.array(["sit", "run", "walk"] * (N // 3)),
        "group": np.repeat(["ann", "bob", "cy", "dee"], 3),
        "split": np.repeat(["train", "train", "val", "test"], 3),
    }


def _save(path: Path, **changes: Any) -> Path:
    arrays = {**_arrays(), **changes}
    np.savez(path, **{name: array for name, array in arrays.items() if array is not None})
    return path


def test_every_array_is_what_was_saved(tmp_path: Path) -> None:
    path, arrays = _save(tmp_path / "own.npz"), _arrays()
    samples = read(path, Problems(path))
    assert samples is not None
    assert set(samples.inputs) == {"photo", "wrist", "facts", "age", "note"}
    assert np.array_equal(samples.inputs["photo"], arrays["photo"].transpose(0, 3, 1, 2))
    assert np.array_equal(samples.inputs["facts"], arrays["facts"], equal_nan=True)
    assert np.array_equal(samples.inputs["age"], arrays["age"][:, None])
    assert samples.inputs["note"].tolist() == arrays["note"].tolist()
    here = arrays["wrist_present"]
    assert np.array_equal(samples.inputs["wrist"][here], arrays["wrist"][here])
    assert not samples.inputs["wrist"][4].any()
    assert samples.present["wrist"].tolist() == here.tolist()
    assert samples.lengths["wrist"].tolist() == list(range(1, N + 1))
    assert samples.target_names == ("run", "sit", "walk")
    assert samples.targets[:3].tolist() == [1, 0, 2]
    assert samples.groups is not None
    assert samples.groups.tolist() == np.repeat([0, 1, 2, 3], 3).tolist()
    assert samples.split is not None
    assert np.unique(samples.split, return_counts=True)[1].tolist() == [3, 6, 3]


def test_a_folder_with_one_file_will_do(tmp_path: Path) -> None:
    _save(tmp_path / "own.npz")
    assert read(tmp_path, Problems(tmp_path)) is not None
    assert describe(tmp_path).name == "own"
    _save(tmp_path / "other.npz")
    with pytest.raises(DataError, match=r"expected one \.npz in this folder, found 2"):
        read(tmp_path, Problems(tmp_path))


def test_the_description_says_what_was_inferred_and_from_what(tmp_path: Path) -> None:
    path = _save(tmp_path / "my data.npz")
    found = describe(path)
    assert found.name == "my_data"
    assert found.task == "classification"
    kinds = {name: found.modality(name).kind for name in found.modalities}
    assert kinds == {
        "age": "tabular",
        "facts": "tabular",
        "note": "text",
        "photo": "image",
        "wrist": "sensor",
    }
    assert "wrist: sensor by its shape, float32 (N, 20, 3)" in found.summary
    assert found.summary.endswith("target: classification by text: 3 classes")
    assert found.files == {str(path): hashlib.sha256(path.read_bytes()).hexdigest()}
    assert found.target == "mmbench_datasets.own.npz:read"


def test_what_is_described_passes_the_properties_of_datasets(tmp_path: Path) -> None:
    path = _save(tmp_path / "own.npz")
    found = describe(path)
    dataset = mmbench.Dataset(
        found.name,
        lambda: read(path, Problems(path)),
        task="classification",
        modalities=found.modalities,
        licence=found.licence,
        source=found.source,
        summary=found.summary,
    )
    results = mmbench.testing.check(dataset)
    assert [result for result in results if result.status == "failed"] == []


@pytest.mark.parametrize(
    ("y", "task"),
    [
        (np.eye(N)[:, :3], "multilabel"),
        (np.linspace(0, 1, N), "regression"),
        (np.arange(N) % 2, "classification"),
    ],
)
def test_other_tasks(tmp_path: Path, y: np.ndarray, task: str) -> None:
    assert describe(_save(tmp_path / "own.npz", y=y)).task == task


def test_all_that_is_wrong_is_found_at_once(tmp_path: Path) -> None:
    gaps = _arrays()["wrist"].copy()
    gaps[:2] = np.nan
    path = _save(
        tmp_path / "own.npz",
        photo=np.zeros((N, 6, 8, 5)),
        wrist=gaps,
        wrist_length=np.full(N, 21),
        wrist_present=np.full(N, 2),
        gone_present=np.ones(N, dtype=bool),
        age_length=np.ones(N, dtype=int),
        facts=np.full((N, 5), np.inf),
        y=np.where(np.arange(N) == 3, np.nan, 1.0),
        group=np.where(np.arange(N) == 0, "", "a"),
        split=np.full(N, "hold"),
    )
    problems = Problems(path, strict=False)
    assert read(path, problems) is None
    found = "\n".join(map(str, problems.found))
    for text in (
        "own.npz: photo: expected numbers (N,), (N, F), (N, T, C)",
        "found float64 (12, 6, 8, 5)",
        "own.npz: wrist: expected finite numbers, or text, found NaN or infinity in 2 of 12 rows",
        "own.npz: wrist_length: expected whole numbers from 0 to 20, (N,), found int64 (12,)",
        "own.npz: wrist_present: expected truth values, or 0 and 1, (N,), found int64 (12,)",
        "own.npz: gone_present: expected an array 'gone' that it is of, found none",
        "own.npz: age_length: expected none: it is no series, found int64 (12,)",
        "own.npz: facts: expected finite numbers, or text, found infinity in 12 of 12 rows",
        "own.npz: y: expected a known value in each row, found NaN or infinity in 1 rows: 3",
        "own.npz: group: expected a group in each row, found 1 of 12 rows otherwise: row 0",
        "own.npz: split: expected train, validation or test, found 12 of 12 rows otherwise: 'hold'",
    ):
        assert text in found


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"y": None}, r"own\.npz: y: expected the targets, found only photo, "),
        (
            {"age": np.ones(N - 1)},
            r"own\.npz: age: expected as many rows as y, \(12,\), found \(11,\)",
        ),
        ({"age": np.float64(3)}, r"own\.npz: age: expected as many rows as y, \(12,\), found \(\)"),
        ({"a.b": np.ones(N)}, r"own\.npz: a\.b: expected a name of letters"),
    ],
)
def test_a_fault_names_its_array(tmp_path: Path, changes: dict[str, Any], reason: str) -> None:
    path = _save(tmp_path / "own.npz", **changes)
    with pytest.raises(DataError, match=reason):
        read(path, Problems(path))


def test_targets_alone_are_no_dataset(tmp_path: Path) -> None:
    np.savez(tmp_path / "own.npz", y=np.arange(3))
    with pytest.raises(
        DataError, match=r"own\.npz: expected an array of a modality, found only targets"
    ):
        read(tmp_path / "own.npz", Problems(tmp_path / "own.npz"))


class _Payload:
    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return os.mkdir, (str(self.folder),)


def test_objects_are_refused_and_not_executed(tmp_path: Path) -> None:
    bad = np.array([_Payload(tmp_path / "owned")] * N, dtype=object)
    path = _save(tmp_path / "own.npz", bad=bad)
    with pytest.raises(
        DataError, match=r"own\.npz: bad: expected an array of numbers or text, found Obj"
    ):
        read(path, Problems(path))
    assert not (tmp_path / "owned").exists()


def test_broken_files_are_named(tmp_path: Path) -> None:
    path = _save(tmp_path / "own.npz")
    path.write_bytes(path.read_bytes()[:-100])
    (tmp_path / "text.npz").write_text("no archive")
    np.save(tmp_path / "single.npy", np.ones(3))
    (tmp_path / "single.npy").rename(tmp_path / "single.npz")
    for name in ("own.npz", "text.npz", "single.npz"):
        with pytest.raises(DataError, match=rf"{name}: expected a readable \.npz, found"):
            read(tmp_path / name, Problems(tmp_path / name))
    with pytest.raises(DataError, match=r"missing\.npz: expected this file, found nothing"):
        read(tmp_path / "missing.npz", Problems(tmp_path / "missing.npz"))


def test_a_flipped_byte_is_found(tmp_path: Path) -> None:
    path = tmp_path / "own.npz"
    np.savez_compressed(path, **_arrays())
    raw = bytearray(path.read_bytes())
    raw[300] ^= 0xFF
    path.write_bytes(bytes(raw))
    problems = Problems(path, strict=False)
    assert read(path, problems) is None
    assert [problem.field for problem in problems.found] == ["photo"]
