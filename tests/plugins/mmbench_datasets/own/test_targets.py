from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from mmbench.data.problems import Problems
from mmbench.errors import DataError
from mmbench_datasets.own.sides import read_groups, read_split
from mmbench_datasets.own.targets import Target, read_target


def _read(raw: object, task: str = "") -> Target:
    found = read_target(Problems(Path("t")), "t.npz", "y", np.asarray(raw), task)
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("raw", "task", "names"),
    [
        (["b", "a", "b"], "classification", ("a", "b")),
        ([3, 1, 3, 1, 3], "classification", ("1", "3")),
        ([True, False], "classification", ("False", "True")),
        ([[0], [1], [0], [1]], "classification", ("0", "1")),
        ([[0, 1], [1, 1]], "multilabel", ()),
        ([[0.0, 1.0], [1.0, 1.0]], "multilabel", ()),
        ([1.0, 2.0, 1.0, 2.0], "regression", ()),
        ([5, 9, 1, 4], "regression", ()),
        ([[0.5, 1.0]], "regression", ()),
        (list(range(101)) * 9, "regression", ()),
        (list(range(100)) * 9, "classification", tuple(map(str, range(100)))),
    ],
)
def test_the_task_is_inferred(raw: list[object], task: str, names: tuple[str, ...]) -> None:
    found = _read(raw)
    assert (found.task, found.names) == (task, names)
    assert found.why.startswith(f"{task} by ")


def test_classes_are_numbered_in_sorted_order() -> None:
    assert _read(["dog", "cat", "dog"]).values.tolist() == [1, 0, 1]
    assert _read([10, 2, 10, 2]).values.tolist() == [1, 0, 1, 0]


def test_a_stated_task_stands() -> None:
    assert _read([5, 9, 1, 4], "classification").values.tolist() == [2, 3, 0, 1]
    assert _read([0, 1, 0, 1], "regression").values.tolist() == [0.0, 1.0, 0.0, 1.0]
    assert _read([7, 7, 3], "retrieval").values.tolist() == [1, 1, 0]
    assert _read([0, 1, 0], "classification").why == "classification, as stated: 2 classes"


@pytest.mark.parametrize(
    ("raw", "task", "reason"),
    [
        (
            [1.0, np.nan, np.inf],
            "",
            "a known value in each row, found NaN or infinity in 2 rows: 1, 2",
        ),
        (["a", "a"], "", r"two classes or more, found only \('a',\)"),
        ([[0, 2], [1, 1]], "multilabel", r"0 and 1 of shape \(N, K\)"),
        (["a", "b"], "regression", "numbers"),
        ([[0, 1], [1, 1]], "classification", "one class a row"),
        ([0, 1], "ranking", "one of classification, .*'ranking'"),
        ([[[0]]], "", "numbers or text of shape"),
        ([], "", "numbers or text of shape"),
    ],
)
def test_what_is_no_target(raw: list[object], task: str, reason: str) -> None:
    with pytest.raises(DataError, match=rf"t\.npz: \w+: expected {reason}"):
        _read(raw, task)


def test_groups_of_any_names_are_numbered(tmp_path: Path) -> None:
    found = read_groups(Problems(tmp_path), "t", "group", np.array(["b", "a", "b"]))
    assert found is not None
    assert found.tolist() == [1, 0, 1]
    with pytest.raises(
        DataError, match="t: group: expected a group in each row, found 2 of 3 rows"
    ):
        read_groups(Problems(tmp_path), "t", "group", np.array([1.0, np.nan, np.nan]))


def test_parts_by_their_usual_names(tmp_path: Path) -> None:
    raw = np.array(["Train", "val", "TEST"])
    found = read_split(Problems(tmp_path), "t", "split", raw)
    assert found is not None
    assert found.tolist() == ["train", "validation", "test"]
    with pytest.raises(DataError, match=r"t: split: expected train, validation or test.*'hold'"):
        read_split(Problems(tmp_path), "t", "split", np.array(["train", "hold"]))


def test_a_split_may_not_tear_groups(tmp_path: Path) -> None:
    raw, groups = np.array(["train", "val", "test", "test"]), np.array([1, 2, 1, 3])
    with pytest.raises(DataError, match="each group in one part, found 1 groups in several: 1"):
        read_split(Problems(tmp_path), "t", "split", raw, groups)
