from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

from mmbench.data.problems import Problems
from mmbench.data.samples import Samples
from mmbench.errors import BadParameter, DataError
from mmbench_datasets.formats import mmimdb

COUNT = 10
NAMES = [f"Genre {number}" for number in range(23)]


def _posters() -> np.ndarray:
    """RGB posters (N, 3, 8, 4): areas of 4×2 pixels have one colour."""
    colours = np.random.default_rng(1).integers(0, 256, (COUNT, 3, 2, 2))
    return colours.repeat(4, axis=2).repeat(2, axis=3)


def _stored(posters: np.ndarray) -> np.ndarray:
    """As the file's maker stored them: blue first, without VGG's means, cut to whole numbers."""
    blue_first = posters[:, ::-1].astype(np.float32)
    return (blue_first - np.float32([103.939, 116.779, 123.68])[:, None, None]).astype(np.int32)


@pytest.fixture
def content() -> dict[str, np.ndarray]:
    rng = np.random.default_rng(0)
    return {
        "features": rng.normal(size=(COUNT, 300)).astype(np.float32),
        "vgg_features": rng.normal(size=(COUNT, 4096)).astype(np.float32),
        "images": _stored(_posters()),
        "genres": rng.integers(0, 2, (COUNT, 23)).astype(np.int32),
        "imdb_ids": np.array([f"{number:07}" for number in range(COUNT)], dtype="S7"),
        "three_grams": np.zeros((COUNT, 5), np.float32),
    }


def _write(folder: Path, content: dict[str, Any], names: list[str] | None = NAMES) -> Path:
    with h5py.File(folder / "multimodal_imdb.hdf5", "w") as file:
        for name, array in content.items():
            file.create_dataset(name, data=array)
        if names is not None:
            file["genres"].attrs["target_names"] = json.dumps(names)
    return folder


def _read(read: Callable[..., Samples | None], root: Path, **params: Any) -> Samples:
    samples = read(root, Problems(root), **params)
    assert samples is not None
    return samples


def test_features_are_those_of_the_file(tmp_path: Path, content: dict[str, Any]) -> None:
    samples = _read(mmimdb.read, _write(tmp_path, content))
    assert np.array_equal(samples.inputs["text"], content["features"])
    assert np.array_equal(samples.inputs["image"], content["vgg_features"])
    assert np.array_equal(samples.targets, content["genres"])
    assert samples.targets.dtype == np.int64
    assert samples.target_names == tuple(NAMES)
    assert samples.groups is not None
    assert samples.groups.tolist() == [f"{number:07}" for number in range(COUNT)]


def test_genres_without_names(tmp_path: Path, content: dict[str, Any]) -> None:
    assert _read(mmimdb.read, _write(tmp_path, content, None)).target_names == ()


def test_the_published_split() -> None:
    bounds = [0, *(round(25959 * share) for share in mmimdb._UNTIL)]
    assert bounds == [0, 15552, 18160, 25959]


def test_a_part_of_the_films_is_split_by_the_same_shares(
    tmp_path: Path, content: dict[str, Any]
) -> None:
    samples = _read(mmimdb.read, _write(tmp_path, content))
    assert samples.split is not None
    assert samples.split.tolist() == ["train"] * 6 + ["validation"] + ["test"] * 3


def test_posters_are_red_green_and_blue_again(tmp_path: Path, content: dict[str, Any]) -> None:
    samples = _read(mmimdb.read_images, _write(tmp_path, content), size=2)
    posters = samples.inputs["image"]
    assert posters.dtype == np.uint8
    # Subtracting the means and cutting to whole numbers loses up to one shade.
    difference = posters.astype(int) - _posters()[:, :, ::4, ::2]
    assert np.abs(difference).max() <= 1
    assert np.array_equal(samples.inputs["text"], content["features"])


def test_posters_in_plain_shades_are_only_averaged(tmp_path: Path, content: dict[str, Any]) -> None:
    posters = np.random.default_rng(2).integers(0, 256, (COUNT, 3, 8, 4), dtype=np.uint8)
    samples = _read(mmimdb.read_images, _write(tmp_path, content | {"images": posters}), size=2)
    means = posters.reshape(COUNT, 3, 2, 4, 2, 2).mean(axis=(3, 5))
    assert np.abs(samples.inputs["image"] - means).max() <= 0.5


def test_posters_have_a_size(tmp_path: Path, content: dict[str, Any]) -> None:
    _write(tmp_path, content)
    with pytest.raises(BadParameter, match=r"`size` to be at least 1\. Found 0"):
        mmimdb.read_images(tmp_path, Problems(tmp_path), size=0)


def test_all_faults_are_found_at_once(
    tmp_path: Path, content: dict[str, Any], faults: Callable[..., list[str]]
) -> None:
    content["features"][[1, 4], 7] = np.nan
    content["genres"][3, 3] = 2
    content["imdb_ids"][9] = content["imdb_ids"][2]
    assert faults(mmimdb.read, _write(tmp_path, content)) == [
        "multimodal_imdb.hdf5: features: expected finite numbers, "
        "found 2 of 10 rows otherwise: row 1, row 4",
        "multimodal_imdb.hdf5: genres: expected only 0 and 1, found 1 of 10 rows otherwise: row 3",
        "multimodal_imdb.hdf5: imdb_ids: expected each film once, "
        "found 1 of 10 rows otherwise: row 9",
    ]


def test_wrong_shapes_are_found_at_once(
    tmp_path: Path, content: dict[str, Any], faults: Callable[..., list[str]]
) -> None:
    content["features"] = content["features"][:, :200]
    content["genres"] = content["genres"][:, :22]
    content["images"] = content["images"][:, :2]
    assert faults(mmimdb.read_images, _write(tmp_path, content)) == [
        f"multimodal_imdb.hdf5: {name}: expected numbers of shape (N, {shape}), found {found}"
        for name, shape, found in (
            ("features", "300", "float32 of shape (10, 200)"),
            ("images", "3, H, W", "int32 of shape (10, 2, 8, 4)"),
            ("genres", "23", "int32 of shape (10, 22)"),
        )
    ]


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        (
            lambda c: c.pop("vgg_features"),
            "content: expected also vgg_features, "
            "found only features, genres, images, imdb_ids, three_grams",
        ),
        (
            lambda c: c.update(genres=c["genres"][:8]),
            "genres: expected 10 rows, as features has, found 8",
        ),
        (
            lambda c: c.update(imdb_ids=c["imdb_ids"][:9]),
            "imdb_ids: expected 10 rows, as features has, found 9",
        ),
        (
            lambda c: c.update(features=c["features"].astype("S4")),
            "features: expected numbers of shape (N, 300), found |S4 of shape (10, 300)",
        ),
    ],
)
def test_malformed_files(
    tmp_path: Path,
    content: dict[str, Any],
    faults: Callable[..., list[str]],
    change: Callable[[Any], Any],
    problem: str,
) -> None:
    change(content)
    found = faults(mmimdb.read, _write(tmp_path, content))
    assert found == [f"multimodal_imdb.hdf5: {problem}"]


def test_nothing_outside_the_file_is_read(
    tmp_path: Path, content: dict[str, Any], faults: Callable[..., list[str]]
) -> None:
    (tmp_path / "secret").write_bytes(bytes(COUNT * 4096 * 4))
    (tmp_path / "elsewhere").mkdir()
    _write(tmp_path / "elsewhere", content)
    with h5py.File(_write(tmp_path, content) / "multimodal_imdb.hdf5", "r+") as file:
        for name in ("features", "vgg_features", "imdb_ids"):
            del file[name]
        file["features"] = h5py.ExternalLink("elsewhere/multimodal_imdb.hdf5", "features")
        external = [(str(tmp_path / "secret"), 0, COUNT * 4096 * 4)]
        file.create_dataset("vgg_features", (COUNT, 4096), np.float32, external=external)
        file.create_group("imdb_ids")
    assert faults(mmimdb.read, tmp_path) == [
        f"multimodal_imdb.hdf5: {name}: expected an array in this file, "
        "found a group, or what lies elsewhere"
        for name in ("features", "vgg_features", "imdb_ids")
    ]


def test_shades_out_of_range(
    tmp_path: Path, content: dict[str, Any], faults: Callable[..., list[str]]
) -> None:
    content["images"][5] = 400
    (found,) = faults(mmimdb.read_images, _write(tmp_path, content), size=4)
    assert found == (
        "multimodal_imdb.hdf5: images: expected shades of 0 to 255, or those minus VGG's means, "
        "found 1 of 10 rows otherwise: row 5"
    )


def test_missing_and_truncated_files(
    tmp_path: Path, content: dict[str, Any], faults: Callable[..., list[str]]
) -> None:
    (missing,) = faults(mmimdb.read, tmp_path)
    assert missing == "multimodal_imdb.hdf5: expected this file or folder, found nothing"
    path = _write(tmp_path, content) / "multimodal_imdb.hdf5"
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    (truncated,) = faults(mmimdb.read, tmp_path)
    assert truncated.startswith("multimodal_imdb.hdf5: expected a readable file, found OSError")
    with pytest.raises(DataError, match=r"multimodal_imdb\.hdf5: expected a readable file"):
        mmimdb.read(tmp_path, Problems(tmp_path))
