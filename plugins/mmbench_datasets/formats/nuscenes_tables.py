"""The tables of nuScenes, joined: what each keyframe's sensors recorded and which objects are there."""

from __future__ import annotations

from dataclasses import dataclass, field

from mmbench.data.problems import Problems
from mmbench_datasets.formats.faults import Faults
from mmbench_datasets.formats.rows import Row, Types, by, checked, read_json

__all__ = ["Keyframe", "Recording", "read_keyframes"]

_TABLES: dict[str, dict[str, Types]] = {
    "sample": {"token": str, "scene_token": str, "timestamp": int},
    "sample_data": {
        "sample_token": str,
        "calibrated_sensor_token": str,
        "filename": str,
        "is_key_frame": bool,
    },
    "calibrated_sensor": {"token": str, "sensor_token": str, "translation": list, "rotation": list},
    "sensor": {"token": str, "channel": str},
    "sample_annotation": {"sample_token": str, "instance_token": str},
    "instance": {"token": str, "category_token": str},
    "category": {"token": str, "name": str},
}
Tables = dict[str, list[Row]]


@dataclass(frozen=True)
class Recording:
    """A file of one sensor, and where the sensor sits on the vehicle.

    Attributes:
        file: path under the dataset's folder.
        translation: x, y, z of the sensor in metres; x points ahead, y to the left.
        rotation: quaternion w, x, y, z that turns the sensor's axes into the vehicle's.

    """

    file: str
    translation: tuple[float, ...]
    rotation: tuple[float, ...]


@dataclass(frozen=True)
class Keyframe:
    """One annotated moment: its scene, a recording a channel, and the categories of objects."""

    token: str
    scene: str
    recordings: dict[str, Recording] = field(default_factory=dict)
    categories: set[str] = field(default_factory=set)


def read_keyframes(problems: Problems, version: str) -> list[Keyframe]:
    """All keyframes, ordered by scene and time; none where a table is missing or a token leads nowhere."""
    tables = {name: _table(problems, version, name) for name in _TABLES}
    if not all(tables.values()):
        return []
    samples = sorted(tables["sample"], key=lambda row: (row["scene_token"], row["timestamp"]))
    frames = {row["token"]: Keyframe(row["token"], row["scene_token"]) for row in samples}
    _add_recordings(problems, version, tables, frames)
    _add_categories(problems, version, tables, frames)
    return list(frames.values())


def _table(problems: Problems, version: str, name: str) -> list[Row]:
    path = problems.path(version, f"{name}.json", needed="a table of nuScenes")
    content = None if path is None else read_json(problems, path)
    if path is None or content is None:
        return []
    return checked(problems, path, content, _TABLES[name])


def _add_recordings(
    problems: Problems, version: str, tables: Tables, frames: dict[str, Keyframe]
) -> None:
    channels = {row["token"]: row["channel"] for row in tables["sensor"]}
    calibrations = by(tables["calibrated_sensor"], "token")
    rows = [row for row in tables["sample_data"] if row["is_key_frame"]]
    faults = Faults(problems, f"{version}/sample_data.json", len(rows))
    for row in rows:
        calibration = calibrations.get(row["calibrated_sensor_token"], {})
        channel, pose = channels.get(calibration.get("sensor_token", "")), _pose(calibration)
        if channel is None or pose is None:
            faults.note(
                "calibrated_sensor_token",
                "a sensor with translation (3) and rotation (4)",
                row["calibrated_sensor_token"],
            )
        elif row["sample_token"] not in frames:
            faults.note("sample_token", "a token of sample.json", row["sample_token"])
        else:
            frames[row["sample_token"]].recordings[channel] = Recording(row["filename"], *pose)
    faults.report()


def _pose(calibration: Row) -> tuple[tuple[float, ...], tuple[float, ...]] | None:
    translation, rotation = calibration.get("translation", ()), calibration.get("rotation", ())
    numbers = all(isinstance(value, int | float) for value in (*translation, *rotation))
    if not numbers or len(translation) != 3 or len(rotation) != 4 or not any(rotation):
        return None
    return tuple(translation), tuple(rotation)


def _add_categories(
    problems: Problems, version: str, tables: Tables, frames: dict[str, Keyframe]
) -> None:
    names = {row["token"]: row["name"] for row in tables["category"]}
    categories = {row["token"]: names.get(row["category_token"]) for row in tables["instance"]}
    rows = tables["sample_annotation"]
    faults = Faults(problems, f"{version}/sample_annotation.json", len(rows))
    for row in rows:
        category = categories.get(row["instance_token"])
        if category is None:
            faults.note("instance_token", "an instance with a category", row["instance_token"])
        elif row["sample_token"] not in frames:
            faults.note("sample_token", "a token of sample.json", row["sample_token"])
        elif _is_sensed(row):
            frames[row["sample_token"]].categories.add(category)
    faults.report()


def _is_sensed(annotation: Row) -> bool:
    """Whether a lidar or radar point is on the object; unknown counts as yes."""
    return any(annotation.get(name, 1) for name in ("num_lidar_pts", "num_radar_pts"))
