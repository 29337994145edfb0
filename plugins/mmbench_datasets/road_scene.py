"""Road scenes as they are, before any sensor looks at them; `road` states the units."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

__all__ = ["HORIZON", "WEATHER", "Scenes", "Weather", "draw"]

Reals: TypeAlias = npt.NDArray[np.floating[Any]]

HALF_LANE = 1.75
"""Metres from the middle of the own path within which a vehicle is in it."""
HORIZON = 8.0
"""Seconds; a later collision, or none, counts as this."""


@dataclass(frozen=True)
class Weather:
    """What the weather does to each sensor.

    Attributes:
        light: of the scene, 1 by day.
        grain: standard deviation of the camera's noise.
        extinction: β per metre, of light.
        clutter: power of the radar's rain echo at 1 m, in units of its noise.
        drops: share of lidar beams that a drop sends back from near.
        swallowed: share of lidar returns that are lost.

    """

    light: float = 1.0
    grain: float = 0.05
    extinction: float = 0.0
    clutter: float = 0.0
    drops: float = 0.0
    swallowed: float = 0.02


WEATHER = {
    "clear": Weather(),
    "rain": Weather(grain=0.1, extinction=0.005, clutter=200.0, drops=0.15, swallowed=0.25),
    "fog": Weather(extinction=0.06),
    "night": Weather(light=0.15, grain=0.1),
}


@dataclass(frozen=True)
class Scenes:
    """n scenes; arrays are (n,).

    Attributes:
        r: distance in metres.
        x: lateral offset in metres, positive to the left.
        w: width in metres.
        u: closing speed in metres per second.
        albedo: share of light that the vehicle throws back.
        weather: name of the weather.

    """

    r: Reals
    x: Reals
    w: Reals
    u: Reals
    albedo: Reals
    weather: npt.NDArray[np.str_]

    @property
    def collision(self) -> Reals:
        """Seconds to collision, at most `HORIZON`."""
        seconds = np.minimum(self.r / np.maximum(self.u, 1e-6), HORIZON)
        return np.where(np.abs(self.x) <= HALF_LANE, seconds, HORIZON)

    def effect(self, name: str) -> Reals:
        """A number of each scene's weather."""
        return np.array([getattr(WEATHER[weather], name) for weather in self.weather])


def draw(n: int, rng: np.random.Generator) -> Scenes:
    """Scenes with the vehicle in the own path in 60 % of them, else in a lane beside it."""
    own, beside = rng.uniform(-1.2, 1.2, n), rng.uniform(2.3, 4.5, n) * rng.choice([-1, 1], n)
    return Scenes(
        r=rng.uniform(5, 60, n),
        x=np.where(rng.random(n) < 0.6, own, beside),
        w=rng.uniform(1.5, 2.6, n),
        u=rng.uniform(0, 20, n),
        albedo=rng.uniform(0.0, 0.3, n),
        weather=rng.choice(list(WEATHER), n),
    )
