from __future__ import annotations

import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mmbench.data.problems import Problems
from mmbench.data.samples import Samples
from mmbench.errors import BadParameter
from mmbench_datasets.formats import av_mnist

COUNTS = {"train": 24, "test": 5}


@pytest.fixture
def content() -> dict[str, np.ndarray]:
    rng = np.random.default_rng(0)
    held: dict[str, np.ndarray] = {}
    for part, count in COUNTS.items():
        held[f"image/{part}_data"] = rng.uniform(0, 255, (count, 784))
        held[f"audio/{part}_data"] = rng.uniform(0, 255, (count, 112, 112))
        held[f"{part}_labels"] = np.arange(count) % 10
    return held


def _write(folder: Path, content: dict[str, Any]) -> Path:
    for name, array in content.items():
        path = folder / f"{name}.npy"
        path.parent.mkdir(exist_ok=True)
        np.save(path, array)
    return folder


def _read(root: Path, **params: Any) -> Samples:
    samples = av_mnist.read(root, Problems(root), **params)
    assert samples is not None
    return samples


def test_values_are_those_of_the_files(tmp_path: Path, content: dict[str, Any]) -> None:
    samples = _read(_write(tmp_path, content), size=112)
    image, audio = samples.inputs["image"], samples.inputs["audio"]
    assert image.shape == (29, 1, 28, 28)
    assert audio.shape == (29, 112, 112)
    assert image.dtype == audio.dtype == np.float32
    # Pixel (row 2, column 5) is the 61st; in audio, time is the file's column and comes first.
    assert image[3, 0, 2, 5] == np.float32(content["image/train_data"][3, 61])
    assert audio[25, 30, 7] == np.float32(content["audio/test_data"][1, 7, 30])
    assert samples.targets.tolist() == [*range(10), *range(10), *range(4), *range(5)]
    assert samples.targets.dtype == np.int64
    assert samples.target_names == tuple("0123456789")


def test_audio_is_averaged_over_areas(tmp_path: Path, content: dict[str, Any]) -> None:
    audio = _read(_write(tmp_path, content)).inputs["audio"]
    assert audio.shape == (29, 56, 56)
    area = content["audio/train_data"][4, 10:12, 20:22]
    assert audio[4, 10, 5] == pytest.approx(area.mean(), rel=1e-6)


@pytest.mark.parametrize(("count", "held_out"), [(24, 2), (12, 1), (3, 1)])
def test_the_last_twelfth_of_training_is_for_validation(
    tmp_path: Path, content: dict[str, Any], count: int, held_out: int
) -> None:
    shorter = {name: array[:count] if "train" in name else array for name, array in content.items()}
    samples = _read(_write(tmp_path, shorter), size=4)
    assert samples.split is not None
    assert samples.split.tolist() == (
        ["train"] * (count - held_out) + ["validation"] * held_out + ["test"] * 5
    )


def test_labels_may_be_whole_floats(tmp_path: Path, content: dict[str, Any]) -> None:
    content["test_labels"] = content["test_labels"].astype(np.float64)
    assert _read(_write(tmp_path, content), size=4).targets[-1] == 4


def test_audio_has_a_size(tmp_path: Path, content: dict[str, Any]) -> None:
    with pytest.raises(BadParameter, match=r"`size` to be at least 1\. Found 0"):
        _read(_write(tmp_path, content), size=0)


def test_all_faults_are_found_at_once(
    tmp_path: Path, content: dict[str, Any], faults: Callable[..., list[str]]
) -> None:
    content["image/train_data"] = content["image/train_data"].reshape(-1, 28, 28)
    content["audio/train_data"][[0, 1, 2, 23], 5, 5] = np.inf
    content["test_labels"][2:4] = [10, -1]
    content["audio/test_data"] = content["audio/test_data"][:4]
    del content["train_labels"]
    assert faults(av_mnist.read, _write(tmp_path, content)) == [
        "image/train_data.npy: expected numbers of shape (N, 784), "
        "found float64 of shape (24, 28, 28)",
        "audio/train_data.npy: expected finite numbers, "
        "found 4 of 24 rows otherwise: row 0, row 1, row 2, …",
        "train_labels.npy: expected this file or folder, found nothing",
        "test_labels.npy: digits: expected a whole number from 0 to 9, "
        "found 2 of 5 rows otherwise: row 2, row 3",
        "test_labels.npy: audio: expected 5 rows, as digits has, found 4",
    ]


def test_truncated_and_hostile_files(
    tmp_path: Path, content: dict[str, Any], payload: Any, faults: Callable[..., list[str]]
) -> None:
    root = _write(tmp_path, content)
    path = root / "audio" / "test_data.npy"
    path.write_bytes(path.read_bytes()[:-1])
    (root / "test_labels.npy").write_bytes(pickle.dumps(payload))
    np.save(root / "train_labels.npy", np.array([payload], dtype=object), allow_pickle=True)
    found = faults(av_mnist.read, root)
    assert [fault.partition(":")[0] for fault in found] == [
        "train_labels.npy",
        "audio/test_data.npy",
        "test_labels.npy",
    ]
    assert all("expected a readable file, found ValueError" in fault for fault in found)
    assert not payload.folder.exists()
