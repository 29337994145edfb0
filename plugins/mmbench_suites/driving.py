"""Camera, radar and lidar of a car."""

from __future__ import annotations

from mmbench import Suite
from mmbench_suites.methods import WEIGHTINGS

__all__ = ["driving"]


def driving() -> Suite:
    return Suite(
        "driving",
        title="Driving: camera, radar and lidar",
        text=(
            "A car sees the road ahead by camera, radar and lidar, each of which fails in its own "
            "weather. `road_brake` (brake or not) and `road_collision` (seconds to collision) are "
            "simulated, with physics simple enough to state: the camera tells where a vehicle is, the "
            "radar how far and how fast, the lidar where and how far, and only together do they tell "
            "whether and when it is hit. `nuscenes` is real and lies on disk: there the question is "
            "which kinds of objects are around."
        ),
        datasets={"road_brake": (), "road_collision": (), "nuscenes": ()},
        weightings=WEIGHTINGS,
        metrics={
            "classification": ("accuracy", "macro_f1", "calibration_error"),
            "multilabel": ("map", "macro_f1"),
            "regression": ("r2", "mae", "rmse"),
        },
        summary="Camera, radar and lidar: whether to brake, time to collision, objects around.",
    )
