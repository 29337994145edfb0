from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image

from mmbench.data.problems import Problems
from mmbench.errors import DataError
from mmbench_datasets.formats.reports_json import read

REPORTS = {
    "train": [("CXR1", "No acute disease."), ("CXR2", "Mild cardiomegaly.")],
    "val": [("CXR3", "No acute disease. ")],
    "test": [("CXR4", "Left effusion.")],
}


def _row(number: int, study: str, report: str, part: str) -> dict[str, object]:
    paths = [f"{study}/0.png", f"{study}/1.png"]
    return {"id": study, "report": report, "image_path": paths, "split": part}


def _content() -> dict[str, list[dict[str, object]]]:
    return {
        part: [_row(n, study, text, part) for n, (study, text) in enumerate(rows)]
        for part, rows in REPORTS.items()
    }


def _save(root: Path, content: object) -> None:
    (root / "annotation.json").write_text(json.dumps(content))


@pytest.fixture
def root(tmp_path: Path) -> Path:
    _save(tmp_path, _content())
    for rows in REPORTS.values():
        for study, _ in rows:
            (tmp_path / f"images/{study}").mkdir(parents=True)
            for view in (0, 1):
                grey = 10 * int(study[3:]) + view
                Image.new("L", (16, 20), grey).save(tmp_path / f"images/{study}/{view}.png")
    return tmp_path


def test_a_report_stands_with_the_first_of_its_pictures(root: Path) -> None:
    samples = read(root, Problems(root), size=4)
    assert samples is not None
    assert samples.inputs["image"].shape == (4, 3, 4, 4)
    assert samples.inputs["image"][:, 2, 0, 0].tolist() == [10, 20, 30, 40]
    assert samples.inputs["text"][3] == "Left effusion."
    assert samples.split is not None
    assert samples.split.tolist() == ["train", "train", "validation", "test"]


def test_equal_reports_are_one_item(root: Path) -> None:
    samples = read(root, Problems(root), size=4)
    assert samples is not None
    assert samples.targets.tolist() == [2, 1, 2, 0]


def test_a_flat_list_with_patients(root: Path) -> None:
    rows = [row for part in _content().values() for row in part]
    for row, patient in zip(rows, (5, 5, 6, 7), strict=True):
        row["subject_id"] = patient
    _save(root, rows)
    samples = read(root, Problems(root), size=4)
    assert samples is not None
    assert samples.groups is not None
    assert samples.groups.tolist() == ["5", "5", "6", "7"]


def test_all_that_is_wrong_is_found_at_once(root: Path, faults: Callable[..., list[str]]) -> None:
    content = _content()
    content["train"][0]["report"] = "  "
    content["train"][1]["image_path"] = []
    content["val"][0]["image_path"] = ["../../../etc/passwd"]
    content["holdout"] = [_row(9, "CXR9", "Late.", "holdout")]
    content["test"].append({"id": "CXR8", "report": "No picture."})
    (root / "images/CXR4/0.png").write_bytes(b"\x89PNG\r\n\x1a\n")
    _save(root, content)
    found = "\n".join(faults(read, root))
    for text in (
        "annotation.json: image_path: expected a list or text, found 1 of 6 rows otherwise: row 4",
        "annotation.json: report: expected text, found 1 of 5 rows otherwise: none of CXR1",
        "annotation.json: split: expected train, val or test, found 1 of 5 rows otherwise: 'holdout' of",
        "annotation.json: image_path: expected at least one path, found 1 of 5 rows otherwise: [] of CXR2",
        "images: image_path: expected a path inside the dataset's folder, found 1 of 4 files",
        "images: image_path: expected an existing file or folder, found 1 of 4 files otherwise: images/CXR9",
        "images: image_path: expected a readable file, found 1 of 4 files otherwise: images/CXR4/0.png",
    ):
        assert text in found


def test_a_missing_or_empty_file_is_named(root: Path) -> None:
    _save(root, [])
    with pytest.raises(DataError, match=r"annotation\.json: rows: expected a list of at least one"):
        read(root, Problems(root))
    (root / "annotation.json").unlink()
    with pytest.raises(
        DataError, match=r"annotation\.json: expected this file or folder \(reports,"
    ):
        read(root, Problems(root))
