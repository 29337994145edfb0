"""nuScenes: camera, radar and lidar of driving scenes, from its tables and files."""

from __future__ import annotations

from collections.abc import Callable
from fnmatch import fnmatchcase
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from mmbench.data.problems import Problems
from mmbench.data.samples import Samples
from mmbench_datasets.formats.decoding import decode
from mmbench_datasets.formats.faults import Faults
from mmbench_datasets.formats.images import read_image
from mmbench_datasets.formats.nuscenes_points import read_lidar, read_radar, to_vehicle
from mmbench_datasets.formats.nuscenes_tables import Keyframe, Recording, read_keyframes
from mmbench_datasets.formats.parameters import at_least
from mmbench_datasets.formats.series import evenly, pad

__all__ = ["read"]

_LIDAR = "LIDAR_TOP"
_RADARS = "RADAR_*"
Array = npt.NDArray[Any]


def read(
    root: Path,
    problems: Problems,
    version: str = "v1.0-mini",
    camera: str = "CAM_FRONT",
    size: int = 64,
    points: int = 512,
    limit: int = 0,
) -> Samples | None:
    """Which kinds of objects are around: `camera` (N, 3, size, size), `lidar` and `radar` (N, T, C).

    A sample is a keyframe. Points are in the vehicle's axes, x ahead and y to the left. `lidar` is
    x, y, z, intensity of LIDAR_TOP; `radar` joins the valid returns of all radars: x, y, z, cross section
    and velocity over ground along x and y.
    Targets are the categories that occur in the annotations with a lidar or radar point on them, in any
    direction, so that a camera alone cannot see all. Groups are the scenes.

    Args:
        root: the folder with `{version}/*.json`, `samples/` and so on.
        problems: where faults are reported.
        version: of the tables: `v1.0-mini`, `v1.0-trainval`. Those of the test part have no annotations.
        camera: channel of the picture.
        size: of the picture, in pixels.
        points: T at most, spread over the file.
        limit: keyframes at most, spread over all; 0 is all.

    Paper: Caesar et al. 2020, CVPR, arXiv:1903.11027.

    """
    at_least(1, size=size, points=points)
    at_least(0, limit=limit)
    frames = read_keyframes(problems, version)
    frames = [frames[index] for index in evenly(len(frames), limit)]
    if not frames or not _complete(problems, version, frames, camera):
        return None
    pictures = _files(problems, frames, camera, partial(read_image, size=size))
    sweeps = _files(problems, frames, _LIDAR, partial(read_lidar, points=points))
    returns = _files(problems, frames, _RADARS, read_radar)
    if problems.found:
        return None
    lidar, lidar_lengths = pad(_clouds(frames, _LIDAR, sweeps, points))
    radar, radar_lengths = pad(_clouds(frames, _RADARS, returns, points))
    names = sorted(set().union(*(frame.categories for frame in frames)))
    table = f"{version}/sample_annotation.json"
    if not problems.require(bool(names), table, "rows", "objects with points on them", "none"):
        return None
    return Samples(
        {
            "camera": np.stack([pictures[frame.recordings[camera].file] for frame in frames]),
            "lidar": lidar,
            "radar": radar,
        },
        targets=np.array([[name in frame.categories for name in names] for frame in frames], int),
        target_names=tuple(names),
        groups=np.array([frame.scene for frame in frames]),
        lengths={"lidar": lidar_lengths, "radar": radar_lengths},
    )


def _complete(problems: Problems, version: str, frames: list[Keyframe], camera: str) -> bool:
    """Whether every keyframe has the camera, the lidar and a radar."""
    faults = Faults(problems, f"{version}/sample_data.json", len(frames), "keyframes")
    for frame in frames:
        for channel in (camera, _LIDAR, _RADARS):
            if not _of(frame, channel):
                faults.note("channel", f"a recording of {channel} in each keyframe", frame.token)
    return faults.report()


def _of(frame: Keyframe, channel: str) -> list[Recording]:
    """The recordings of the channels of this name or pattern, by name."""
    return [one for name, one in sorted(frame.recordings.items()) if fnmatchcase(name, channel)]


def _files(
    problems: Problems, frames: list[Keyframe], channel: str, read: Callable[[Path], Array]
) -> dict[str, Array]:
    files = [one.file for frame in frames for one in _of(frame, channel)]
    return decode(problems, channel, files, read, "filename")


def _clouds(
    frames: list[Keyframe], channel: str, files: dict[str, Array], points: int
) -> list[Array]:
    """Each keyframe's points of all its files, at most `points`, in the vehicle's axes."""
    joined = [
        np.concatenate(
            [
                to_vehicle(files[one.file], one.translation, one.rotation)
                for one in _of(frame, channel)
            ]
        )
        for frame in frames
    ]
    return [cloud[evenly(len(cloud), points)] for cloud in joined]
