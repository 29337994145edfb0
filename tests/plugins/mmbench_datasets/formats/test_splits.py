from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from mmbench.data.problems import Problems
from mmbench.errors import DataError
from mmbench_datasets.formats.splits import as_split, part_of, straddling


@pytest.mark.parametrize(
    ("name", "part"),
    [
        ("Train", "train"),
        ("val", "validation"),
        ("dev ", "validation"),
        ("testing", "test"),
        (3, None),
    ],
)
def test_usual_names_of_parts(name: object, part: str | None) -> None:
    assert part_of(name) == part


def test_a_whole_split_is_kept(tmp_path: Path) -> None:
    parts = ["test", "validation", "train"]
    assert as_split(Problems(tmp_path), "t.csv", parts).tolist() == parts


def test_a_fifth_of_training_validates_where_nothing_does(tmp_path: Path) -> None:
    parts = ["train"] * 20 + ["test"] * 5
    split = as_split(Problems(tmp_path), "t.csv", parts)
    assert np.unique(split[:20], return_counts=True)[1].tolist() == [16, 4]
    assert (split[20:] == "test").all()
    assert np.array_equal(split, as_split(Problems(tmp_path), "t.csv", parts))


def test_groups_are_held_out_whole(tmp_path: Path) -> None:
    groups = np.repeat(np.arange(10), 3)
    split = as_split(Problems(tmp_path), "t.csv", ["train"] * 27 + ["test"] * 3, groups)
    held = np.unique(groups[split == "validation"])
    assert len(held) == 2
    assert (split[np.isin(groups, held)] == "validation").all()
    assert straddling(split, groups) == []


def test_a_split_without_a_test_part_is_reported(tmp_path: Path) -> None:
    with pytest.raises(
        DataError, match=r"t\.csv: split: expected a train and a test part, found no test"
    ):
        as_split(Problems(tmp_path), "t.csv", ["train", "val"])


def test_torn_groups_are_found() -> None:
    split = np.array(["train", "test", "train", "test"])
    assert straddling(split, np.array([1, 1, 2, 3])) == ["1"]
