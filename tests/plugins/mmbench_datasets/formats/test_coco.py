from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from mmbench.data.problems import Problems
from mmbench.errors import DataError
from mmbench_datasets.formats.coco import read


def _write(root: Path, name: str, ids: list[int]) -> None:
    """A captions file and its pictures: picture k is of colour (k, 0, 200), with captions k-0, k-1."""
    images = [{"id": k, "file_name": f"{k:012}.png", "width": 20, "height": 10} for k in ids]
    rows = [
        {"id": 100 * k + n, "image_id": k, "caption": f"{k}-{n} "} for n in range(2) for k in ids
    ]
    (root / "annotations").mkdir(exist_ok=True)
    content = {"info": {}, "licenses": [], "images": images, "annotations": rows}
    (root / f"annotations/captions_{name}.json").write_text(json.dumps(content))
    (root / name).mkdir()
    for k in ids:
        Image.new("RGB", (20, 10), (k, 0, 200)).save(root / name / f"{k:012}.png")


@pytest.fixture
def root(tmp_path: Path) -> Path:
    _write(tmp_path, "train2017", [9, 25, 30, 34, 36])
    _write(tmp_path, "val2017", [7, 11])
    return tmp_path


def test_a_caption_stands_with_its_picture(root: Path) -> None:
    samples = read(root, Problems(root), size=4)
    assert samples is not None
    assert samples.inputs["text"].tolist() == [f"{k}-0" for k in (9, 25, 30, 34, 36, 7, 11)]
    assert samples.inputs["image"].shape == (7, 3, 4, 4)
    assert samples.inputs["image"][:, 0, 0, 0].tolist() == [9, 25, 30, 34, 36, 7, 11]
    assert samples.targets.tolist() == [1, 3, 4, 5, 6, 0, 2]  # pictures in the order of their ids
    assert samples.groups is not None
    assert samples.groups.tolist() == [9, 25, 30, 34, 36, 7, 11]


def test_all_captions_on_request(root: Path) -> None:
    samples = read(root, Problems(root), size=4, captions=0)
    assert samples is not None
    assert samples.inputs["text"][:4].tolist() == ["9-0", "9-1", "25-0", "25-1"]
    assert samples.inputs["image"][:4, 0, 0, 0].tolist() == [9, 9, 25, 25]
    assert samples.targets[:4].tolist() == [1, 1, 3, 3]


def test_val_is_the_test_part_and_whole_pictures_validate(root: Path) -> None:
    samples = read(root, Problems(root), size=4, captions=0)
    assert samples is not None
    assert samples.split is not None
    assert samples.groups is not None
    assert set(samples.groups[samples.split == "test"]) == {7, 11}
    assert len(set(samples.groups[samples.split == "validation"])) == 1
    assert (samples.split == "validation").sum() == 2


def test_one_file_alone_has_no_split(root: Path) -> None:
    (root / "annotations/captions_train2017.json").unlink()
    samples = read(root, Problems(root), size=4)
    assert samples is not None
    assert samples.split is None


def test_a_limit_is_of_pictures_in_each_file(root: Path) -> None:
    samples = read(root, Problems(root), size=4, captions=0, limit=2)
    assert samples is not None
    assert samples.groups is not None
    assert np.unique(samples.groups).tolist() == [7, 9, 11, 36]


def _edit(root: Path, change: Callable[[dict], None]) -> None:
    path = root / "annotations/captions_val2017.json"
    content = json.loads(path.read_text())
    change(content)
    path.write_text(json.dumps(content))


def test_all_that_is_wrong_is_found_at_once(root: Path, faults: Callable[..., list[str]]) -> None:
    def spoil(content: dict) -> None:
        content["images"][0]["file_name"] = "../../secret.png"
        content["annotations"][0]["caption"] = " "
        content["annotations"][1]["image_id"] = 99
        del content["annotations"][2]["caption"]

    _edit(root, spoil)
    (root / "train2017/000000000009.png").unlink()
    picture = root / "train2017/000000000025.png"
    picture.write_bytes(picture.read_bytes()[:40])
    _edit(root, lambda content: content["annotations"].append({"image_id": 7, "caption": "seen"}))
    found = "\n".join(faults(read, root, size=4))
    file = "annotations/captions_val2017.json"
    for text in (
        f"{file}: caption: expected text, found 1 of 5 rows otherwise: row 2",
        f"{file}: caption: expected text, found 1 of 4 captions otherwise: none of image 7",
        f"{file}: image_id: expected the id of one of its images, found 1 of 4 captions otherwise: 99",
        "images: file_name: expected a path inside the dataset's folder, found 1 of 7 files otherwise: "
        "'val2017/../../secret.png'",
        "images: file_name: expected an existing file or folder, found 1 of 7 files otherwise: "
        "train2017/000000000009.png",
        "images: file_name: expected a readable file, found 1 of 7 files otherwise: train2017/000000000025",
    ):
        assert text in found


def test_a_torn_file_and_a_missing_folder_are_named(root: Path) -> None:
    file = root / "annotations/captions_val2017.json"
    file.write_text(file.read_text()[:-5])
    with pytest.raises(
        DataError, match=r"captions_val2017\.json: expected a readable file, found JSON"
    ):
        read(root, Problems(root))
    with pytest.raises(
        DataError, match=r"annotations: expected this file or folder \(the folder of"
    ):
        read(root / "val2017", Problems(root / "val2017"))


def test_instances_are_no_captions(root: Path, faults: Callable[..., list[str]]) -> None:
    _edit(root, lambda content: content.update(annotations=[{"image_id": 7, "bbox": [0, 0, 1, 1]}]))
    assert faults(read, root)[0] == (
        "annotations/captions_val2017.json: caption: expected text, found 1 of 1 rows otherwise: row 0"
    )
