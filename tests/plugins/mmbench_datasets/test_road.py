from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mmbench_datasets import road
from mmbench_datasets.road_scene import WEATHER, Scenes, draw
from mmbench_datasets.road_sensors import camera, lidar, radar

MANY = 400
FOCAL = 12 / np.tan(np.radians(25))  # pixels


def scenes(
    r: float = 20.0,
    x: float = 0.0,
    w: float = 2.0,
    u: float = 10.0,
    albedo: float = 0.1,
    weather: str = "clear",
    n: int = MANY,
) -> Scenes:
    """n times one scene: their mean is the scene without noise."""
    numbers = [np.full(n, value) for value in (r, x, w, u, albedo)]
    return Scenes(*numbers, weather=np.full(n, weather))


def rng() -> np.random.Generator:
    return np.random.default_rng(0)


def test_time_to_collision_by_hand() -> None:
    found = Scenes(
        r=np.array([20.0, 20.0, 50.0, 20.0, 6.0, 6.0]),
        x=np.array([0.0, 3.0, 1.75, 0.0, -1.76, -1.75]),
        w=np.full(6, 2.0),
        u=np.array([10.0, 10.0, 5.0, 0.0, 20.0, 20.0]),
        albedo=np.zeros(6),
        weather=np.full(6, "fog"),
    )
    # In the path 2 s; beside it; later than the horizon; standing still; just beside; just in.
    assert found.collision.tolist() == [2.0, 8.0, 8.0, 8.0, 8.0, 0.3]


@given(r=st.floats(5, 60), u=st.floats(0.1, 20), x=st.floats(-5, 5))
def test_a_collision_is_sooner_the_nearer_and_the_faster(r: float, u: float, x: float) -> None:
    def seconds(r: float, u: float) -> float:
        return float(scenes(r, x, u=u, n=1).collision[0])

    assert 0 < seconds(r, u) <= 8
    assert seconds(r * 0.9, u) <= seconds(r, u)
    assert seconds(r, u * 1.1) <= seconds(r, u)


def test_both_tasks_see_the_same_scenes() -> None:
    brake, collision = road.load_brake(seed=4, n=300), road.load_collision(seed=4, n=300)
    shapes = {"camera": (300, 1, 24, 24), "radar": (300, 1, 16, 16), "lidar": (300, 48, 3)}
    for name, shape in shapes.items():
        assert brake.inputs[name].shape == shape
        assert brake.inputs[name].dtype == np.float32
        assert np.array_equal(brake.inputs[name], collision.inputs[name])
    assert np.array_equal(brake.targets == 1, collision.targets < 4)
    assert brake.target_names == ("go", "brake")
    assert not np.array_equal(road.load_collision(seed=5, n=300).targets, collision.targets)


def test_scenes_are_drawn_as_stated() -> None:
    drawn = draw(20_000, rng())
    assert np.mean(np.abs(drawn.x) <= 1.75) == pytest.approx(0.6, abs=0.02)
    for values, low, high in ((drawn.r, 5, 60), (drawn.u, 0, 20)):
        assert low <= values.min()
        assert values.max() <= high
        assert values.mean() == pytest.approx((low + high) / 2, rel=0.02)
    counts = [np.mean(drawn.weather == weather) for weather in WEATHER]
    assert counts == pytest.approx([0.25] * 4, abs=0.02)
    assert np.mean(drawn.collision < 4) == pytest.approx(0.36, abs=0.03)


def test_camera_projects_the_vehicle_where_geometry_says() -> None:
    # At r = f a metre is a pixel: 4 to 8 m left are columns 4 to 8, the road 1.2 m below the horizon.
    image = camera(scenes(r=FOCAL, x=6.0, w=4.0, albedo=0.0), rng()).mean(axis=0)[0]
    empty = camera(scenes(r=FOCAL, x=300.0, w=4.0), rng()).mean(axis=0)[0]
    expected = empty.copy()
    expected[12, 4:8] = 0.0
    expected[13, 4:8] = 0.4 * 0.8
    expected[11, 4:8] = 0.8 * 0.7
    assert empty[:12] == pytest.approx(np.full((12, 24), 0.8), abs=0.02)
    assert empty[12:] == pytest.approx(np.full((12, 24), 0.4), abs=0.02)
    assert image == pytest.approx(expected, abs=0.02)


def test_fog_takes_contrast_by_koschmieder_s_law() -> None:
    foggy = camera(scenes(r=10.0, weather="fog", albedo=0.0), rng()).mean(axis=0)[0]
    beta = WEATHER["fog"].extinction
    assert foggy[12, 12] == pytest.approx(0.8 * (1 - np.exp(-beta * 10)), abs=0.02)
    # The bottom row shows the road at 1.2 f / 11.5 metres.
    left = np.exp(-beta * 1.2 * FOCAL / 11.5)
    assert foggy[-1, 0] == pytest.approx(0.4 * left + 0.8 * (1 - left), abs=0.02)


def test_night_takes_light_and_rain_adds_grain() -> None:
    pictures = {weather: camera(scenes(weather=weather), rng()) for weather in WEATHER}
    day, night = pictures["clear"].mean(axis=0), pictures["night"].mean(axis=0)
    assert night == pytest.approx(0.15 * day, abs=0.03)
    assert pictures["clear"].std(axis=0).mean() == pytest.approx(0.05, rel=0.05)
    assert pictures["rain"].std(axis=0).mean() == pytest.approx(0.1, rel=0.05)


def test_radar_peaks_at_range_and_closing_speed() -> None:
    power = np.expm1(radar(scenes(r=22.0, u=9.0, n=3000), rng())).mean(axis=0)[0]
    # Bins are centred on 2, 6, … m and −1.5, 0, … m/s; noise has a mean of 1.
    assert np.unravel_index(power.argmax(), power.shape) == (5, 7)
    assert power[5, 7] == pytest.approx(2e7 * 2.0 / 22.0**4 + 1, rel=0.01)
    assert power[15, 0] == pytest.approx(1, rel=0.1)


def test_radar_meets_rain_near_and_slow_and_no_other_weather() -> None:
    maps = {weather: radar(scenes(weather=weather), rng()) for weather in WEATHER}
    for weather in ("fog", "night"):
        assert np.array_equal(maps[weather], maps["clear"])
    more = np.expm1(maps["rain"]).mean(axis=0)[0] / np.expm1(maps["clear"]).mean(axis=0)[0]
    assert more[0, 1] == pytest.approx(1 + 200 / 2**2, rel=0.01)  # 2 m away, at rest
    assert more[10:] == pytest.approx(np.ones((6, 16)), abs=0.2)


def test_lidar_returns_come_from_the_vehicle() -> None:
    points = lidar(scenes(r=20.0, x=3.0, w=2.0), rng())
    # Beams stand 60° / 47 apart; those that meet 2 to 4 m left at 20 m come back.
    lateral = 20 * np.tan(np.radians(np.linspace(-30, 30, 48)))
    hit = (lateral >= 2) & (lateral <= 4)
    seen = points[:, :, 2] > 0
    assert hit.sum() == 5
    assert not seen[:, ~hit].any()
    assert seen[:, hit].mean() == pytest.approx(0.98, abs=0.01)
    assert points[seen][:, 0] == pytest.approx(np.full(seen.sum(), 20.0), abs=0.3)
    assert np.abs(points[seen][:, 1] - 3).max() < 1.1
    assert (points[~seen] == 0).all()
    assert (points[seen][:, 2] == 1).all()


def test_lidar_loses_returns_to_fog_and_rain_and_none_to_night() -> None:
    scans = {weather: lidar(scenes(r=25.0, weather=weather), rng()) for weather in WEATHER}
    hit = scans["clear"][:, :, 2].any(axis=0)
    share = {weather: (scan[:, hit, 2] > 0).mean() for weather, scan in scans.items()}
    assert np.array_equal(scans["night"], scans["clear"])
    assert share["fog"] == pytest.approx(0.98 * np.exp(-2 * 0.06 * 25), abs=0.02)
    fog = scans["fog"][scans["fog"][:, :, 2] > 0]
    assert fog[:, 2] == pytest.approx(np.exp(-2 * 0.06 * np.hypot(fog[:, 0], fog[:, 1])))
    false = scans["rain"][:, ~hit]
    assert (false[:, :, 2] > 0).mean() == pytest.approx(0.15, abs=0.01)
    assert np.hypot(false[:, :, 0], false[:, :, 1]).max() <= 10


@pytest.mark.parametrize(
    ("sensor", "blind_to"),
    [(camera, {"u": 3.0}), (lidar, {"u": 3.0, "albedo": 0.3}), (radar, {"x": 3.0, "albedo": 0.3})],
)
def test_no_sensor_sees_all(
    sensor: Callable[..., npt.NDArray[Any]], blind_to: dict[str, float]
) -> None:
    assert np.array_equal(sensor(scenes(), rng()), sensor(scenes(**blind_to), rng()))


def test_radar_and_lidar_together_know_when_to_brake_and_neither_does_alone() -> None:
    samples = road.load_brake(n=4000)
    brake = samples.targets == 1
    echo = samples.inputs["radar"].reshape(4000, -1).argmax(axis=1)
    r, u = echo // 16 * 4 + 2, echo % 16 * 1.5 - 1.5
    soon = r < 4 * u
    ahead, left, _ = samples.inputs["lidar"].transpose(2, 0, 1)
    returns = ahead > 10.5  # rain drops are nearer
    seen = returns.any(axis=1)
    offset = (left * returns).sum(axis=1) / np.maximum(returns.sum(axis=1), 1)
    in_path = np.abs(offset) < 1.75

    def accuracy(rule: npt.NDArray[np.bool_]) -> float:
        return float(np.mean(rule[seen] == brake[seen]))

    assert accuracy(soon & in_path) > 0.9
    assert max(accuracy(soon), accuracy(in_path)) < 0.8
