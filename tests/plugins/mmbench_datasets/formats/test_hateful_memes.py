from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image

from mmbench.data.problems import Problems
from mmbench.errors import DataError
from mmbench_datasets.formats.hateful_memes import read

MEMES = {"train": (42953, 23058, 13894), "dev_seen": (8291,), "test_seen": (16395, 37405)}


def _row(meme: int) -> dict[str, object]:
    return {"id": meme, "img": f"img/{meme}.png", "label": meme % 2, "text": f"meme {meme}"}


def _write(root: Path, name: str, rows: list[dict[str, object]]) -> None:
    (root / f"{name}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "img").mkdir()
    for name, memes in MEMES.items():
        _write(tmp_path, name, [_row(meme) for meme in memes])
        for meme in memes:
            Image.new("RGB", (30, 40), (meme % 251, 5, 6)).save(tmp_path / f"img/{meme}.png")
    return tmp_path


def test_pictures_texts_labels_and_parts(root: Path) -> None:
    samples = read(root, Problems(root), size=8)
    assert samples is not None
    memes = [meme for part in MEMES.values() for meme in part]
    assert samples.inputs["text"].tolist() == [f"meme {meme}" for meme in memes]
    assert samples.inputs["image"][:, 0, 0, 0].tolist() == [meme % 251 for meme in memes]
    assert samples.targets.tolist() == [meme % 2 for meme in memes]
    assert samples.target_names == ("benign", "hateful")
    assert samples.split is not None
    assert samples.split.tolist() == ["train"] * 3 + ["validation"] + ["test"] * 2


def test_the_first_release_names_its_files_without_a_phase(root: Path) -> None:
    for part in ("dev", "test"):
        (root / f"{part}_seen.jsonl").rename(root / f"{part}.jsonl")
    samples = read(root, Problems(root), size=4)
    assert samples is not None
    assert len(samples) == 6


def test_a_test_file_without_labels_is_named(root: Path) -> None:
    rows = [
        {key: value for key, value in _row(meme).items() if key != "label"} for meme in (16395,)
    ]
    _write(root, "test_seen", rows)
    with pytest.raises(
        DataError, match=r"test_seen\.jsonl: label: expected 0 or 1, found 1 of 1 .*None of 16395"
    ):
        read(root, Problems(root))


def test_all_that_is_wrong_is_found_at_once(root: Path, faults: Callable[..., list[str]]) -> None:
    rows = [_row(meme) for meme in MEMES["train"]]
    rows[0]["label"] = 2
    rows[1]["img"] = "/etc/passwd"
    del rows[2]["text"]
    _write(root, "train", rows)
    (root / "dev_seen.jsonl").write_text("{]\n")
    (root / "img/37405.png").unlink()
    found = "\n".join(faults(read, root))
    for text in (
        "train.jsonl: label: expected 0 or 1, found 1 of 2 rows otherwise: 2 of 42953",
        "train.jsonl: text: expected text, found 1 of 3 rows otherwise: row 2",
        "dev_seen.jsonl: expected a readable file, found JSONDecodeError",
        "img: img: expected a path inside the dataset's folder, found 1 of 4 files otherwise: '/etc/passwd'",
        "img: img: expected an existing file or folder, found 1 of 4 files otherwise: img/37405.png",
    ):
        assert text in found


def test_an_empty_folder_names_each_file(tmp_path: Path, faults: Callable[..., list[str]]) -> None:
    found = faults(read, tmp_path)
    assert [text.partition(":")[0] for text in found] == ["train.jsonl", "dev.jsonl", "test.jsonl"]
    assert "or test_seen.jsonl" in found[2]
