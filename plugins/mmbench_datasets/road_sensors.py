"""What camera, radar and lidar see of a road scene; `road` states the physics and the units."""

from __future__ import annotations

import numpy as np

from mmbench_datasets.road_scene import Reals, Scenes

__all__ = ["camera", "lidar", "radar"]

PIXELS = 24
FOCAL = PIXELS / 2 / np.tan(np.radians(25))
CAMERA_HEIGHT, VEHICLE_HEIGHT = 1.2, 1.5
ROAD, AIRLIGHT = 0.4, 0.8

RANGE_BINS = np.arange(16) * 4.0 + 2.0
DOPPLER_BINS = np.arange(16) * 1.5 - 1.5
ECHO = 2e7
"""Power of a vehicle's echo at 1 m, a metre of its width, over the noise; it falls with r to the fourth."""

BEAMS = np.radians(np.linspace(-30, 30, 48))


def camera(scenes: Scenes, rng: np.random.Generator) -> Reals:
    """Images (n, 1, 24, 24); the first row is the top, the first column the left."""
    middle = (np.arange(PIXELS) + 0.5) - PIXELS / 2
    scale = FOCAL / scenes.r
    across = _covered(-middle, (scenes.x - scenes.w / 2) * scale, (scenes.x + scenes.w / 2) * scale)
    above = VEHICLE_HEIGHT - CAMERA_HEIGHT
    along = _covered(-middle, -CAMERA_HEIGHT * scale, above * scale)
    mask = along[:, :, None] * across[:, None, :]
    beta = scenes.effect("extinction")[:, None, None]
    # A row below the horizon shows the road at one distance; above it is sky, airlight itself.
    road = _through(ROAD, CAMERA_HEIGHT * FOCAL / np.abs(middle)[:, None], beta)
    background = np.where(middle[:, None] < 0, AIRLIGHT, road)
    vehicle = _through(scenes.albedo[:, None, None], scenes.r[:, None, None], beta)
    scene = background * (1 - mask) + vehicle * mask
    grain = rng.normal(size=scene.shape) * scenes.effect("grain")[:, None, None]
    image: Reals = scene * scenes.effect("light")[:, None, None] + grain
    return image[:, None]


def _through(light: Reals | float, distance: Reals, extinction: Reals) -> Reals:
    """Koschmieder: light at a distance, and the airlight that fog puts before it."""
    seen: Reals = AIRLIGHT + (light - AIRLIGHT) * np.exp(-extinction * distance)
    return seen


def _covered(middles: Reals, low: Reals, high: Reals) -> Reals:
    """Share of each pixel of size 1 that lies in [low, high]: (n, pixels)."""
    ends = np.minimum(middles[None] + 0.5, high[:, None])
    starts = np.maximum(middles[None] - 0.5, low[:, None])
    share: Reals = np.clip(ends - starts, 0, 1)
    return share


def radar(scenes: Scenes, rng: np.random.Generator) -> Reals:
    """Range-Doppler maps (n, 1, 16 ranges, 16 closing speeds)."""
    in_range = np.exp(-0.5 * ((RANGE_BINS - scenes.r[:, None]) / 3.0) ** 2)
    in_doppler = np.exp(-0.5 * ((DOPPLER_BINS - scenes.u[:, None]) / 1.2) ** 2)
    echo = ECHO * scenes.w / scenes.r**4
    vehicle = echo[:, None, None] * in_range[:, :, None] * in_doppler[:, None, :]
    # Rain fills the beam, so its echo falls with the square of the distance; it hardly moves along.
    slow = np.exp(-0.5 * (DOPPLER_BINS / 4.0) ** 2)
    rain = scenes.effect("clutter")[:, None, None] * (RANGE_BINS**-2.0)[:, None] * slow
    noise = rng.exponential(size=vehicle.shape)
    power: Reals = np.log1p(vehicle + (1 + rain) * noise)
    return power[:, None]


def lidar(scenes: Scenes, rng: np.random.Generator) -> Reals:
    """Scans (n, 48, 3): metres ahead, metres to the left, intensity."""
    left = scenes.r[:, None] * np.tan(BEAMS)
    hit = np.abs(left - scenes.x[:, None]) <= scenes.w[:, None] / 2
    distance = scenes.r[:, None] / np.cos(BEAMS) + rng.normal(scale=0.05, size=hit.shape)
    extinction = scenes.effect("extinction")[:, None]
    # A pulse comes back with the intensity's chance: there and back through the fog.
    back = np.exp(-2 * extinction * distance) * (1 - scenes.effect("swallowed")[:, None])
    hit &= rng.random(hit.shape) < back
    dropped = rng.random(hit.shape) < scenes.effect("drops")[:, None]
    distance = np.where(dropped, rng.uniform(1, 10, hit.shape), distance)
    seen = hit | dropped
    points = [
        np.cos(BEAMS) * distance,
        np.sin(BEAMS) * distance,
        np.exp(-2 * extinction * distance),
    ]
    return np.stack([np.where(seen, values, 0.0) for values in points], axis=2)
