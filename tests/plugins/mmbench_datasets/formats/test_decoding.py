from __future__ import annotations

from pathlib import Path

import pytest

from mmbench.data.problems import Problems
from mmbench.errors import DataError
from mmbench_datasets.formats.decoding import decode, inside
from mmbench_datasets.formats.faults import Faults


@pytest.mark.parametrize(
    "name",
    ["/etc/passwd", "../a", "a/../../b", "C:/a", "C:\\a", "..\\a", "\\\\host\\a", "", "a\0b"],
)
def test_a_table_cannot_name_what_is_outside(tmp_path: Path, name: str) -> None:
    assert inside(tmp_path, name) is None


@pytest.mark.parametrize("name", ["a.png", "b/c.png", "./a.png", "a..b/...png"])
def test_a_table_names_what_is_inside(tmp_path: Path, name: str) -> None:
    assert inside(tmp_path, name) == tmp_path / name


def test_a_link_that_the_owner_made_is_followed(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "a").write_text("1")
    (tmp_path / "root").mkdir()
    (tmp_path / "root" / "images").symlink_to(tmp_path / "elsewhere")
    problems = Problems(tmp_path / "root")
    assert decode(problems, "t.csv", ["images/a"], Path.read_text) == {"images/a": "1"}


def test_each_file_is_decoded_once(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("7")
    seen = []
    decode(Problems(tmp_path), "t.csv", ["a", "a", "a"], seen.append)
    assert seen == [tmp_path / "a"]


def test_faults_of_one_kind_are_one_problem_with_number_and_examples(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("1")
    for number in range(4):
        (tmp_path / f"bad{number}").write_text("no number")
    problems = Problems(tmp_path, strict=False)
    names = ["a", "gone1", "gone2", "../up", *[f"bad{number}" for number in range(4)]]
    found = decode(problems, "t.csv", names, lambda path: int(path.read_text()), "image")
    assert found == {"a": 1}
    assert [str(problem) for problem in problems.found] == [
        "t.csv: image: expected an existing file or folder, found 2 of 8 files otherwise: gone1, gone2",
        "t.csv: image: expected a path inside the dataset's folder, found 1 of 8 files otherwise: '../up'",
        "t.csv: image: expected a readable file, found 4 of 8 files otherwise: "
        + ", ".join(
            f"bad{n} (invalid literal for int() with base 10: 'no number')" for n in range(3)
        )
        + ", …",
    ]


def test_missing_files_are_reported_before_any_is_decoded(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("1")
    seen = []
    with pytest.raises(
        DataError, match=r"t\.csv: path: expected an existing .* 1 of 2 files .* gone"
    ):
        decode(Problems(tmp_path), "t.csv", ["a", "gone"], seen.append)
    assert seen == []


def test_nothing_noted_is_nothing_reported(tmp_path: Path) -> None:
    problems = Problems(tmp_path, strict=False)
    assert Faults(problems, "t.csv", 3).report()
    assert problems.found == []
