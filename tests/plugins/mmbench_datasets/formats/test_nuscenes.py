from __future__ import annotations

import json
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from mmbench.data.problems import Problems
from mmbench.errors import DataError
from mmbench_datasets.formats.nuscenes import read

FIELDS = (
    *("x", "y", "z", "dyn_prop", "id", "rcs", "vx", "vy", "vx_comp", "vy_comp"),
    *(
        "is_quality_valid",
        "ambig_state",
        "x_rms",
        "y_rms",
        "invalid_state",
        "pdh0",
        "vx_rms",
        "vy_rms",
    ),
)
HEADER = """# .PCD v0.7 - Point Cloud Data file format
VERSION 0.7
FIELDS {fields}
SIZE 4 4 4 1 2 4 4 4 4 4 1 1 1 1 1 1 1 1
TYPE F F F I I F F F F F I I I I I I I I
COUNT 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1
WIDTH {points}
HEIGHT 1
VIEWPOINT 0 0 0 1 0 0 0
POINTS {points}
DATA binary
"""
CHANNELS = {
    "CAM_FRONT": ([1.7, 0, 1.5], [0.5, -0.5, 0.5, -0.5]),
    "CAM_FRONT_LEFT": ([1.5, 0.5, 1.5], [1, 0, 0, 0]),
    "LIDAR_TOP": ([0.9, 0, 1.8], [0.5**0.5, 0, 0, -(0.5**0.5)]),  # turned right by 90 degrees
    "RADAR_FRONT": ([3.4, 0, 0.5], [1, 0, 0, 0]),
    "RADAR_BACK_LEFT": ([-0.5, 0.6, 0.5], [0, 0, 0, 1]),  # looks back
}
SAMPLES = ("s0", "s1", "s2")
CATEGORIES = {"s0": ["vehicle.car", "human.pedestrian.adult"], "s1": ["vehicle.car"], "s2": []}


def _pcd(returns: list[dict[str, float]]) -> bytes:
    """A radar sweep; what a return does not say is 0, and it is valid."""
    usual = {**dict.fromkeys(FIELDS, 0), "ambig_state": 3}
    rows = [[{**usual, **one}[name] for name in FIELDS] for one in returns]
    body = b"".join(struct.pack("<fffbhfffff8b", *row) for row in rows)
    return HEADER.format(fields=" ".join(FIELDS), points=len(rows)).encode() + body + b"\0" * 9


def _file(sample: str, channel: str) -> str:
    ending = {"CAM": "png", "LID": "pcd.bin", "RAD": "pcd"}[channel[:3]]
    return f"samples/{channel}/{sample}.{ending}"


def _tables() -> dict[str, list[dict[str, Any]]]:
    recorded = [
        {
            "token": f"{sample} {channel} {key}",
            "sample_token": sample,
            "calibrated_sensor_token": f"calibrated {channel}",
            "filename": _file(sample, channel) if key else f"sweeps/{channel}/not there",
            "is_key_frame": key,
        }
        for sample in SAMPLES
        for channel in CHANNELS
        for key in (True, False)
    ]
    annotated = [
        {
            "token": f"{sample} {category}",
            "sample_token": sample,
            "instance_token": f"one {category}",
            "num_lidar_pts": points,
            "num_radar_pts": 0,
        }
        for sample in SAMPLES
        for category, points in [*((name, 4) for name in CATEGORIES[sample]), ("animal", 0)]
    ]
    names = ["animal", "human.pedestrian.adult", "vehicle.car", "vehicle.bus.rigid"]
    return {
        "sample": [
            {"token": name, "scene_token": f"scene {place}", "timestamp": 10 - place}
            for place, name in enumerate(SAMPLES)
        ],
        "sample_data": recorded,
        "calibrated_sensor": [
            {
                "token": f"calibrated {channel}",
                "sensor_token": f"sensor {channel}",
                "translation": translation,
                "rotation": rotation,
                "camera_intrinsic": [],
            }
            for channel, (translation, rotation) in CHANNELS.items()
        ],
        "sensor": [
            {"token": f"sensor {channel}", "channel": channel, "modality": "x"}
            for channel in CHANNELS
        ],
        "sample_annotation": annotated,
        "instance": [{"token": f"one {name}", "category_token": f"is {name}"} for name in names],
        "category": [{"token": f"is {name}", "name": name} for name in names],
    }


def _save(root: Path, tables: dict[str, list[dict[str, Any]]]) -> None:
    (root / "v1.0-mini").mkdir(exist_ok=True)
    for name, rows in tables.items():
        (root / f"v1.0-mini/{name}.json").write_text(json.dumps(rows))


@pytest.fixture
def root(tmp_path: Path) -> Path:
    _save(tmp_path, _tables())
    for channel in CHANNELS:
        (tmp_path / f"samples/{channel}").mkdir(parents=True)
    for place, sample in enumerate(SAMPLES):
        picture = Image.new("RGB", (16, 9), (50 * place, 1, 2))
        picture.save(tmp_path / _file(sample, "CAM_FRONT"))
        picture.save(tmp_path / _file(sample, "CAM_FRONT_LEFT"))
        sweep = np.array([[1, 2, 3, 40, 5], [0, 10 + place, 0, 7, 9]], dtype="<f4")
        (tmp_path / _file(sample, "LIDAR_TOP")).write_bytes(sweep.tobytes())
        front = [
            {"x": 20, "y": 1, "rcs": 5.5, "vx_comp": -3, "vy_comp": 0.5},
            {"x": 9, "invalid_state": 4},
            {"x": 9, "ambig_state": 2},
        ]
        back = [] if place == 2 else [{"x": 10, "y": 2, "rcs": 1, "vx_comp": 4, "vy_comp": 1}]
        (tmp_path / _file(sample, "RADAR_FRONT")).write_bytes(_pcd(front))
        (tmp_path / _file(sample, "RADAR_BACK_LEFT")).write_bytes(_pcd(back))
    return tmp_path


def test_the_picture_is_of_the_channel_asked_for(root: Path) -> None:
    samples = read(root, Problems(root), size=4)
    assert samples is not None
    assert samples.inputs["camera"].shape == (3, 3, 4, 4)
    assert samples.inputs["camera"][:, 0, 0, 0].tolist() == [0, 50, 100]


def test_lidar_points_are_in_the_axes_of_the_vehicle(root: Path) -> None:
    samples = read(root, Problems(root), size=4)
    assert samples is not None
    # To the right by 90 degrees: (x, y) becomes (y, -x); then the sensor's place is added.
    expected = [[2 + 0.9, -1, 3 + 1.8, 40], [10 + 0.9, 0, 1.8, 7]]
    assert np.allclose(samples.inputs["lidar"][0], expected, atol=1e-5)
    assert samples.lengths["lidar"].tolist() == [2, 2, 2]


def test_radars_are_joined_without_their_invalid_returns(root: Path) -> None:
    samples = read(root, Problems(root), size=4)
    assert samples is not None
    # By name, the back radar comes first; it looks back, so x and y change their sign.
    back = [-10 - 0.5, -2 + 0.6, 0.5, 1, -4, -1]
    front = [20 + 3.4, 1, 0.5, 5.5, -3, 0.5]
    assert np.allclose(samples.inputs["radar"][0], [back, front], atol=1e-5)
    assert samples.lengths["radar"].tolist() == [2, 2, 1]
    assert np.allclose(samples.inputs["radar"][2], [front, [0] * 6], atol=1e-5)


def test_targets_are_categories_that_a_sensor_has_points_of(root: Path) -> None:
    samples = read(root, Problems(root), size=4)
    assert samples is not None
    assert samples.target_names == ("human.pedestrian.adult", "vehicle.car")
    assert samples.targets.tolist() == [[1, 1], [0, 1], [0, 0]]
    assert samples.groups is not None
    assert samples.groups.tolist() == ["scene 0", "scene 1", "scene 2"]


def test_points_and_keyframes_can_be_fewer(root: Path) -> None:
    samples = read(root, Problems(root), size=4, points=1, limit=2)
    assert samples is not None
    assert samples.inputs["lidar"].shape == (2, 1, 4)
    assert samples.inputs["radar"].shape == (2, 1, 6)
    assert samples.groups is not None
    assert samples.groups.tolist() == ["scene 0", "scene 2"]


def test_scenes_are_in_the_order_of_time(root: Path) -> None:
    tables = _tables()
    for row in tables["sample"]:
        row["scene_token"] = "one"
    _save(root, tables)
    samples = read(root, Problems(root), size=4)
    assert samples is not None
    assert samples.inputs["camera"][:, 0, 0, 0].tolist() == [100, 50, 0]


def test_tokens_that_lead_nowhere_are_found_at_once(
    root: Path, faults: Callable[..., list[str]]
) -> None:
    tables = _tables()
    tables["sample_annotation"][0]["instance_token"] = "lost"
    tables["sample_annotation"][1]["sample_token"] = "gone"
    tables["calibrated_sensor"][2]["rotation"] = [0, 0, 0, 0]
    tables["sample_data"][0]["sample_token"] = "gone"
    _save(root, tables)
    found = "\n".join(faults(read, root, size=4))
    for text in (
        "v1.0-mini/sample_annotation.json: instance_token: expected an instance with a category, found "
        "1 of 6 rows otherwise: lost",
        "v1.0-mini/sample_annotation.json: sample_token: expected a token of sample.json, found 1 of 6",
        "v1.0-mini/sample_data.json: calibrated_sensor_token: expected a sensor with translation (3) and "
        "rotation (4), found 3 of 15 rows otherwise: calibrated LIDAR_TOP",
        "v1.0-mini/sample_data.json: sample_token: expected a token of sample.json, found 1 of 15",
        "v1.0-mini/sample_data.json: channel: expected a recording of LIDAR_TOP in each keyframe, found "
        "3 of 3 keyframes otherwise: s0, s1, s2",
    ):
        assert text in found


def test_broken_files_are_found_at_once(root: Path, faults: Callable[..., list[str]]) -> None:
    tables = _tables()
    tables["sample_data"][0]["filename"] = "/etc/passwd"
    _save(root, tables)
    (root / _file("s1", "CAM_FRONT")).write_bytes(b"")
    sweep = root / _file("s0", "LIDAR_TOP")
    sweep.write_bytes(sweep.read_bytes()[:-1])
    radar = root / _file("s0", "RADAR_FRONT")
    radar.write_bytes(radar.read_bytes()[:-30])
    infinite = _pcd([{"vx_comp": float("inf")}])
    (root / _file("s1", "RADAR_FRONT")).write_bytes(infinite)
    (root / _file("s2", "RADAR_FRONT")).unlink()
    found = "\n".join(faults(read, root, size=4))
    for text in (
        "CAM_FRONT: filename: expected a path inside the dataset's folder, found 1 of 3 files otherwise: "
        "'/etc/passwd'",
        "CAM_FRONT: filename: expected a readable file, found 1 of 3 files otherwise: samples/CAM_FRONT/s1",
        "LIDAR_TOP: filename: expected a readable file, found 1 of 3 files otherwise: "
        "samples/LIDAR_TOP/s0.pcd.bin (39 bytes, which is no multiple of 5 float32)",
        "RADAR_*: filename: expected an existing file or folder, found 1 of 6 files otherwise: "
        "samples/RADAR_FRONT/s2.pcd",
        "the file is truncated), samples/RADAR_FRONT/s1.pcd (NaN or infinity among valid returns)",
    ):
        assert text in found


def test_a_missing_table_and_another_version_are_named(root: Path) -> None:
    (root / "v1.0-mini/instance.json").unlink()
    with pytest.raises(
        DataError, match=r"v1\.0-mini/instance\.json: expected this file .*a table of"
    ):
        read(root, Problems(root))
    with pytest.raises(DataError, match=r"v1\.0-trainval/sample\.json: expected this file"):
        read(root, Problems(root), version="v1.0-trainval")


def test_a_cloud_of_other_fields_is_no_radar(root: Path, faults: Callable[..., list[str]]) -> None:
    for sample in SAMPLES:
        path = root / _file(sample, "RADAR_FRONT")
        path.write_bytes(path.read_bytes().replace(b" rcs ", b" xcs "))
    assert "(no rcs among the fields)" in faults(read, root, size=4)[0]


def test_nothing_on_the_objects_is_a_problem(root: Path, faults: Callable[..., list[str]]) -> None:
    tables = _tables()
    for row in tables["sample_annotation"]:
        row["num_lidar_pts"] = 0
    _save(root, tables)
    assert faults(read, root, size=4) == [
        "v1.0-mini/sample_annotation.json: rows: expected objects with points on them, found none"
    ]
