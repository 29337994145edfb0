"""One simulated road scene before a car, seen by camera, radar and lidar in four kinds of weather.

A vehicle ahead has a distance r (5 to 60 m), a lateral offset x from the own path, a width w and a
closing speed u (0 to 20 m/s). It is in the path where |x| ≤ 1.75 m, half a lane. The time to
collision is r / u if it is in the path, and infinite otherwise. Distances are in metres, along the
axis of the own car.

- `camera` (n, 1, 24, 24): a pinhole camera 1.2 m above the road with a field of view of 50°. The
  vehicle of height 1.5 m fills a rectangle whose size and place go with 1 / r. What is seen through
  fog is I = J·t + A·(1 − t) with t = exp(−β·r), object light J and airlight A (Koschmieder 1924).
  Tells where; distance only through a size that varies; no speed.
- `radar` (n, 1, 16, 16): power in range bins of 4 m and Doppler bins of 1.5 m/s, with speckle noise,
  as log(1 + power). Tells distance and closing speed in any weather; its beam is too wide to tell
  the own lane from the next.
- `lidar` (n, 48, 3): one scan from −30° to 30°, a return a beam: metres ahead, metres to the left
  and intensity exp(−2·β·r), all 0 where nothing came back. Tells where and how far; no speed.

Weather: clear; rain (water drops send false lidar returns from near, swallow others and are
clutter on the radar); fog (extinction β takes contrast from the camera and range from the
lidar); night (little light for the camera). It is no input.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from mmbench.data.samples import Samples
from mmbench_datasets.road_scene import Scenes, draw
from mmbench_datasets.road_sensors import camera, lidar, radar

__all__ = ["load_brake", "load_collision"]

BRAKE_BELOW = 4.0
"""Seconds to collision below which to brake."""


def load_brake(seed: int = 0, n: int = 2000) -> Samples:
    """Whether the collision is less than 4 s away: "go" or "brake". The module says what is seen.

    Args:
        seed: of scenes and noise.
        n: number of scenes.

    """
    scenes, inputs = _observed(seed, n)
    brake = (scenes.collision < BRAKE_BELOW).astype(np.int64)
    return Samples(inputs, targets=brake, target_names=("go", "brake"))


def load_collision(seed: int = 0, n: int = 2000) -> Samples:
    """Seconds to collision, at most 8, of the same scenes."""
    scenes, inputs = _observed(seed, n)
    return Samples(inputs, targets=scenes.collision, target_names=("seconds",))


def _observed(seed: int, n: int) -> tuple[Scenes, dict[str, npt.NDArray[Any]]]:
    rng = np.random.default_rng(seed)
    scenes = draw(n, rng)
    seen = {"camera": camera(scenes, rng), "radar": radar(scenes, rng), "lidar": lidar(scenes, rng)}
    return scenes, {name: values.astype(np.float32) for name, values in seen.items()}
