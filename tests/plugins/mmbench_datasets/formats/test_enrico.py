from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from mmbench.data.problems import Problems
from mmbench.data.samples import Samples
from mmbench.errors import BadParameter, DataError
from mmbench_datasets.formats import enrico

SCREENS = {"50245": "tutorial", "107": "login", "9013": "tutorial", "22": "bare"}


def _colour(screen: str) -> tuple[int, int, int]:
    return (int(screen) * 7 % 256, int(screen) * 31 % 256, int(screen) * 53 % 256)


def _rows(screens: dict[str, str]) -> list[str]:
    return ["screen_id,topic", *(f"{screen},{topic}" for screen, topic in screens.items())]


def _table(root: Path, lines: list[str]) -> None:
    (root / "design_topics.csv").write_text("\n".join(lines) + "\n")


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Screens of one colour; the wireframes have a black upper half."""
    for folder in ("screenshots", "wireframes"):
        (tmp_path / folder).mkdir()
    _table(tmp_path, _rows(SCREENS))
    for screen in SCREENS:
        picture = Image.new("RGB", (54, 96), _colour(screen))
        picture.save(tmp_path / "screenshots" / f"{screen}.jpg", quality=100, subsampling=0)
        picture.paste((0, 0, 0), (0, 0, 54, 48))
        picture.convert("RGBA").save(tmp_path / "wireframes" / f"{screen}.png")
    return tmp_path


def _read(root: Path, **params: Any) -> Samples:
    samples = enrico.read(root, Problems(root), **params)
    assert samples is not None
    return samples


def test_pictures_and_topics_follow_the_table(root: Path) -> None:
    samples = _read(root, size=8)
    assert samples.target_names == ("bare", "login", "tutorial")
    assert samples.targets.tolist() == [2, 1, 2, 0]
    assert samples.targets.dtype == np.int64
    for place, screen in enumerate(SCREENS):
        shown, wireframe = (samples.inputs[name][place] for name in ("screenshot", "wireframe"))
        assert shown.shape == wireframe.shape == (3, 8, 8)
        assert shown.dtype == wireframe.dtype == np.uint8
        colour = np.array(_colour(screen))[:, None, None]
        assert np.abs(shown.astype(int) - colour).max() <= 3  # a JPEG is not exact
        assert not wireframe[:, :3].any()
        assert (wireframe[:, 5:] == colour).all()


def test_the_size_is_a_parameter(root: Path) -> None:
    assert _read(root).inputs["screenshot"].shape == (4, 3, 64, 64)
    with pytest.raises(BadParameter, match=r"`size` to be at least 1\. Found 0"):
        _read(root, size=0)


def test_screens_with_corrupt_wireframes_are_left_out(root: Path) -> None:
    _table(root, _rows({"50105": "menu", **SCREENS, "50109": "list"}))
    samples = _read(root)
    assert len(samples) == 4
    assert samples.target_names == ("bare", "login", "tutorial")


def test_all_faults_are_found_at_once(root: Path, faults: Callable[..., list[str]]) -> None:
    for screen in ("107", "22"):
        (root / "screenshots" / f"{screen}.jpg").unlink()
    shortened = (root / "wireframes" / "9013.png").read_bytes()[:60]
    (root / "wireframes" / "9013.png").write_bytes(shortened)
    found = faults(enrico.read, root)
    assert found[0] == (
        "screenshots: path: expected an existing file or folder, "
        "found 2 of 4 files otherwise: screenshots/107.jpg, screenshots/22.jpg"
    )
    assert found[1].startswith(
        "wireframes: path: expected a readable file, "
        "found 1 of 4 files otherwise: wireframes/9013.png ("
    )
    assert len(found) == 2


@pytest.mark.parametrize(
    ("lines", "problem"),
    [
        ([*_rows(SCREENS), "22,menu"], "screen_id: expected each screen once"),
        ([*_rows(SCREENS), "23,"], "topic: expected text, found 1 of 5 rows otherwise"),
        (
            [*_rows(SCREENS), *(f"{number},topic {number}" for number in range(18))],
            "topic: expected at most 20 topics, found 21",
        ),
        (["screen_id,topic"], "rows: expected a list of at least one"),
    ],
)
def test_malformed_tables(
    root: Path, faults: Callable[..., list[str]], lines: list[str], problem: str
) -> None:
    _table(root, lines)
    found = faults(enrico.read, root)
    assert found[0].startswith(f"design_topics.csv: {problem}")


@pytest.mark.parametrize("screen", ["../107", "a/../../107", "/etc/../../107"])
def test_no_picture_outside_the_folder_is_read(
    root: Path, faults: Callable[..., list[str]], screen: str
) -> None:
    _table(root, _rows({screen: "bare"}))
    for found, folder in zip(faults(enrico.read, root), ("screenshots", "wireframes"), strict=True):
        assert found.startswith(f"{folder}: path: expected a path inside the dataset's folder")


@pytest.mark.parametrize("name", ["design_topics.csv", "screenshots", "wireframes"])
def test_what_is_missing_is_named(root: Path, faults: Callable[..., list[str]], name: str) -> None:
    (root / name).rename(root / "elsewhere")
    assert faults(enrico.read, root)[0].startswith(f"{name}: expected this file or folder")
    with pytest.raises(DataError, match=f"{name}: expected this file or folder"):
        enrico.read(root, Problems(root))


def test_a_decompression_bomb_is_refused(
    root: Path, faults: Callable[..., list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 1000)
    found = faults(enrico.read, root)
    assert all("decompression bomb" in fault for fault in found)
