"""Points of nuScenes' lidar and radars, in the vehicle's axes."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from mmbench_datasets.formats.points import read_bin, read_pcd
from mmbench_datasets.formats.series import evenly

__all__ = ["RADAR", "read_lidar", "read_radar", "to_vehicle"]

RADAR = ("x", "y", "z", "rcs", "vx_comp", "vy_comp")
"""Position in metres, radar cross section in dB m², velocity over ground in m/s."""

_STATES = {"invalid_state": 0, "ambig_state": 3}
"""Of returns that are valid and whose velocity is not ambiguous: what the devkit keeps by default."""

Floats = npt.NDArray[np.float32]


def read_lidar(path: Path, points: int) -> Floats:
    """x, y, z, intensity (T, 4) of at most `points`, spread over the sweep."""
    sweep = read_bin(path)[:, :4]
    return sweep[evenly(len(sweep), points)]


def read_radar(path: Path) -> Floats:
    """The valid returns, (T, 6) as `RADAR` says.

    Raises:
        OSError: if the file cannot be read.
        ValueError: if it is no radar sweep.

    """
    returns = read_pcd(path)
    missing = {*RADAR, *_STATES} - set(returns.dtype.names or ())
    if missing:
        raise ValueError(f"no {', '.join(sorted(missing))} among the fields")
    valid = np.all([returns[name] == state for name, state in _STATES.items()], axis=0)
    columns = np.stack([returns[name][valid] for name in RADAR], axis=1).astype(np.float32)
    if not np.isfinite(columns).all():
        raise ValueError("NaN or infinity among valid returns")
    return columns


def to_vehicle(cloud: Floats, translation: Sequence[float], rotation: Sequence[float]) -> Floats:
    """Positions (columns 0 to 2) and a radar's velocities from the sensor's axes to the vehicle's.

    Args:
        cloud: (T, 4) of a lidar or (T, 6) of a radar.
        translation: x, y, z of the sensor in metres.
        rotation: quaternion w, x, y, z of the sensor.

    """
    from scipy.spatial.transform import Rotation

    w, x, y, z = rotation
    turn = Rotation.from_quat([x, y, z, w]).as_matrix()
    turned = cloud.copy()
    turned[:, :3] = cloud[:, :3] @ turn.T + translation
    if cloud.shape[1] == len(RADAR):
        turned[:, 4:6] = cloud[:, 4:6] @ turn[:2, :2].T
    return turned
