from __future__ import annotations

import json
from pathlib import Path

import pytest

from mmbench.data.problems import Problems
from mmbench.errors import DataError
from mmbench_datasets.formats.rows import checked, read_csv, read_json, read_json_lines

FIELDS = ("id", "label")


@pytest.mark.parametrize(
    "text",
    ["a,1\nb,2\n", "id,label\na,1\nb,2\n", "\ufeffID, Label\r\na , 1\r\n\r\nb,2,ignored\r\n"],
)
def test_rows_come_with_or_without_a_header(tmp_path: Path, text: str) -> None:
    (tmp_path / "t.csv").write_text(text, encoding="utf-8", newline="")
    rows = read_csv(Problems(tmp_path), tmp_path / "t.csv", FIELDS)
    assert rows == [{"id": "a", "label": "1"}, {"id": "b", "label": "2"}]


def test_an_empty_cell_does_not_shift_the_others(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text(",1\nb\nc,3\n")
    problems = Problems(tmp_path, strict=False)
    assert read_csv(problems, tmp_path / "t.csv", FIELDS) == [{"id": "c", "label": "3"}]
    assert [str(problem) for problem in problems.found] == [
        "t.csv: id: expected text, found 1 of 3 rows otherwise: row 0",
        "t.csv: label: expected text, found 1 of 3 rows otherwise: row 1",
    ]


def test_json_and_json_lines(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text('{"é": 1}', encoding="utf-8")
    (tmp_path / "a.jsonl").write_text('{"a": 1}\n\n{"a": 2}\n')
    assert read_json(Problems(tmp_path), tmp_path / "a.json") == {"é": 1}
    assert read_json_lines(Problems(tmp_path), tmp_path / "a.jsonl") == [{"a": 1}, {"a": 2}]


@pytest.mark.parametrize("raw", [b'{"a": ', b"\xff\xfe{}", b""])
def test_torn_json_names_its_file(tmp_path: Path, raw: bytes) -> None:
    (tmp_path / "a.json").write_bytes(raw)
    with pytest.raises(DataError, match=r"a\.json: expected a readable file, found"):
        read_json(Problems(tmp_path), tmp_path / "a.json")


def test_the_sound_rows_are_kept_and_each_fault_is_named(tmp_path: Path) -> None:
    rows = [
        {"id": 1, "label": "a"},
        {"id": "x", "label": "a"},
        {"id": 2},
        [],
        {"id": 3, "label": 4},
    ]
    problems = Problems(tmp_path, strict=False)
    assert checked(problems, "t.json", rows, {"id": int, "label": (str, list)}) == rows[:1]
    assert [str(problem) for problem in problems.found] == [
        "t.json: id: expected a whole number, found 2 of 5 rows otherwise: row 1, row 3",
        "t.json: label: expected text or a list, found 3 of 5 rows otherwise: row 2, row 3, row 4",
    ]


@pytest.mark.parametrize("rows", [None, {}, [], json.loads("3")])
def test_what_is_no_table_is_one_problem(tmp_path: Path, rows: object) -> None:
    with pytest.raises(DataError, match=r"t\.json: rows: expected a list of at least one"):
        checked(Problems(tmp_path), "t.json", rows, {"id": int})
