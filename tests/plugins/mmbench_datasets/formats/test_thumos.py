from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from mmbench.data.problems import Problems
from mmbench.errors import DataError
from mmbench_datasets.formats.thumos import read

VIDEOS = {
    "video_validation_0000051": ("Validation", ["Diving", "CliffDiving", "Diving"]),
    "video_validation_0000052": ("Validation", ["Billiards"]),
    "video_validation_0000053": ("Validation", ["Billiards", "Ambiguous"]),
    "video_test_0000004": ("Test", ["CliffDiving"]),
    "video_test_0001292": ("Test", ["Ambiguous"]),
}
NAMES = [name for name in VIDEOS if name != "video_test_0001292"]


def _features(name: str, stream: str) -> np.ndarray:
    rng = np.random.default_rng(sum(map(ord, name + stream)))
    return rng.normal(size=(6 + int(name[-1]), 5 if stream == "rgb" else 4)).astype(np.float32)


def _annotations() -> dict:
    return {
        "version": "Thumos14-30fps",
        "database": {
            name: {
                "subset": subset,
                "duration": 60.0,
                "fps": 30.0,
                "annotations": [{"label": label, "segment": [1.0, 2.0]} for label in labels],
            }
            for name, (subset, labels) in VIDEOS.items()
        },
    }


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "annotations.json").write_text(json.dumps(_annotations()))
    for stream in ("rgb", "flow"):
        (tmp_path / stream).mkdir()
        for name in NAMES:
            np.save(tmp_path / f"{stream}/{name}.npy", _features(name, stream))
    return tmp_path


def test_streams_and_actions_of_each_video(root: Path) -> None:
    samples = read(root, Problems(root))
    assert samples is not None
    assert samples.target_names == ("Billiards", "CliffDiving", "Diving")
    assert samples.targets.tolist() == [[0, 1, 1], [1, 0, 0], [1, 0, 0], [0, 1, 0]]
    for stream in ("rgb", "flow"):
        for row, name in enumerate(NAMES):
            expected = _features(name, stream)
            assert samples.lengths[stream][row] == len(expected)
            assert np.array_equal(samples.inputs[stream][row, : len(expected)], expected)
            assert not samples.inputs[stream][row, len(expected) :].any()


def test_the_field_trains_on_the_validation_subset(root: Path) -> None:
    samples = read(root, Problems(root))
    assert samples is not None
    assert samples.split is not None
    assert sorted(samples.split[:3]) == ["train", "train", "validation"]
    assert samples.split[3] == "test"


def test_three_subsets_are_kept(root: Path) -> None:
    content = _annotations()
    content["database"][NAMES[0]]["subset"] = "training"
    (root / "annotations.json").write_text(json.dumps(content))
    samples = read(root, Problems(root))
    assert samples is not None
    assert samples.split is not None
    assert samples.split.tolist() == ["train", "validation", "validation", "test"]


def test_long_videos_are_averaged(root: Path) -> None:
    np.save(root / f"rgb/{NAMES[0]}.npy", np.repeat(np.arange(8.0), 5).reshape(8, 5))
    samples = read(root, Problems(root), steps=4)
    assert samples is not None
    assert samples.inputs["rgb"].shape == (4, 4, 5)
    assert samples.inputs["rgb"][0, :, 0].tolist() == [0.5, 2.5, 4.5, 6.5]


def test_all_that_is_wrong_is_found_at_once(
    root: Path, faults: Callable[..., list[str]], payload: object
) -> None:
    content = _annotations()
    content["database"]["video_x"] = {"subset": "Other", "annotations": []}
    content["database"]["video_y"] = {"subset": "Test", "annotations": [{"segment": [0, 1]}]}
    content["database"]["video_z"] = {"subset": "Test"}
    content["database"]["../../up"] = {"subset": "Test", "annotations": [{"label": "Diving"}]}
    (root / "annotations.json").write_text(json.dumps(content))
    np.save(root / f"flow/{NAMES[0]}.npy", np.full((3, 4), np.nan))
    np.save(root / f"flow/{NAMES[1]}.npy", np.ones((3, 9)))
    np.save(root / f"flow/{NAMES[2]}.npy", np.array([payload]), allow_pickle=True)
    np.save(root / f"rgb/{NAMES[0]}.npy", np.ones(4))
    whole = (root / f"rgb/{NAMES[1]}.npy").read_bytes()
    (root / f"rgb/{NAMES[1]}.npy").write_bytes(whole[:-8])
    (root / f"rgb/{NAMES[2]}.npy").unlink()
    found = "\n".join(faults(read, root))
    for text in (
        "annotations.json: annotations: expected a list, found 1 of 9 rows otherwise: row 7",
        "annotations.json: subset: expected training, validation or test, found 1 of 9 videos "
        "otherwise: 'Other'",
        "annotations.json: annotations: expected a `label` of text in each, found 1 of 9 videos "
        "otherwise: video_y",
        "flow: {video}.npy: expected a path inside the dataset's folder, found 1 of 5 files",
        f"(expected finite numbers, found NaN or infinity), flow/{NAMES[2]}.npy (Object arrays cannot",
        "flow: D: expected the same in all files, found [4, 9]",
        "(expected real numbers (T, D), found float64 (4,))",
        f"rgb: {{video}}.npy: expected an existing file or folder, found 1 of 5 files otherwise: "
        f"rgb/{NAMES[2]}.npy",
    ):
        assert text in found
    assert not payload.folder.exists()  # type: ignore[attr-defined]


def test_no_database_is_named(root: Path) -> None:
    (root / "annotations.json").write_text('{"videos": []}')
    with pytest.raises(
        DataError, match=r"annotations\.json: database: expected an object of videos"
    ):
        read(root, Problems(root))


def test_another_name_of_the_annotations(root: Path) -> None:
    (root / "annotations.json").rename(root / "thumos14.json")
    with pytest.raises(DataError, match=r"annotations\.json: expected this file"):
        read(root, Problems(root))
    assert read(root, Problems(root), annotations="thumos14.json") is not None
