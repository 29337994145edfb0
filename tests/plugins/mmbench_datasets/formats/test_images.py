from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from mmbench_datasets.formats.images import read_frames, read_image


def test_a_picture_of_one_colour_keeps_it_channel_by_channel(tmp_path: Path) -> None:
    Image.new("RGB", (40, 20), (10, 200, 30)).save(tmp_path / "a.png")
    found = read_image(tmp_path / "a.png", 8)
    assert found.shape == (3, 8, 8)
    assert found.dtype == np.uint8
    assert [np.unique(channel).tolist() for channel in found] == [[10], [200], [30]]


def test_scaling_down_averages_and_keeps_top_left_where_it_is(tmp_path: Path) -> None:
    pixels = np.zeros((16, 16), dtype=np.uint8)
    pixels[:8, :8] = 255
    Image.fromarray(pixels).save(tmp_path / "quarter.png")
    found = read_image(tmp_path / "quarter.png", 4)[0]
    assert found[0, 0] > 230
    assert found[3, 3] < 5
    assert found.mean() == pytest.approx(255 / 4, abs=6)


def test_a_jpeg_is_nearly_what_was_saved(tmp_path: Path) -> None:
    Image.new("RGB", (300, 200), (90, 120, 60)).save(tmp_path / "a.jpg", quality=95)
    found = read_image(tmp_path / "a.jpg", 16).astype(int)
    assert np.abs(found - np.array([90, 120, 60])[:, None, None]).max() <= 3


@pytest.mark.parametrize("mode", ["1", "L", "P", "RGBA", "CMYK", "LA"])
def test_every_mode_becomes_rgb(tmp_path: Path, mode: str) -> None:
    white = Image.new("RGB", (9, 9), (255, 255, 255)).convert(mode)
    white.save(tmp_path / "a.tif")
    assert (read_image(tmp_path / "a.tif", 9) == 255).all()


def test_sixteen_bits_are_scaled_to_eight(tmp_path: Path) -> None:
    Image.fromarray(np.full((5, 5), 0x8123, dtype=np.uint16)).save(tmp_path / "xray.png")
    assert (read_image(tmp_path / "xray.png", 5) == 0x81).all()


def test_a_palette_with_transparency_does_not_warn(tmp_path: Path) -> None:
    picture = Image.new("P", (4, 4), 1)
    picture.putpalette([0, 0, 0, 7, 8, 9])
    picture.save(tmp_path / "a.png", transparency=bytes([255, 0]))
    assert read_image(tmp_path / "a.png", 4)[:, 0, 0].tolist() == [7, 8, 9]


def test_what_is_no_picture_or_half_of_one_is_an_error(tmp_path: Path) -> None:
    Image.effect_noise((64, 64), 90).save(tmp_path / "whole.png")
    whole = (tmp_path / "whole.png").read_bytes()
    (tmp_path / "half.png").write_bytes(whole[: len(whole) // 2])
    (tmp_path / "text.jpg").write_text("no picture")
    for name in ("half.png", "text.jpg", "missing.png"):
        with pytest.raises((OSError, ValueError)):
            read_image(tmp_path / name, 8)


def test_a_decompression_bomb_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    Image.new("1", (200, 200)).save(tmp_path / "bomb.png")
    for limit in (30_000, 1_000):  # Pillow warns over the limit, and refuses over twice the limit
        monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", limit)
        with pytest.raises(ValueError, match="exceeds limit"):
            read_image(tmp_path / "bomb.png", 8)


def test_frames_are_ordered_by_number_and_spread_from_first_to_last(tmp_path: Path) -> None:
    for number in range(1, 12):
        Image.new("L", (4, 4), number).save(tmp_path / f"frame{number}.png")
    (tmp_path / "notes.txt").write_text("no frame")
    found = read_frames(tmp_path, 6, 2)
    assert found.shape == (6, 3, 2, 2)
    assert found[:, 0, 0, 0].tolist() == [1, 3, 5, 7, 9, 11]
    assert read_frames(tmp_path, 3, 2)[:, 0, 0, 0].tolist() == [1, 6, 11]


def test_few_frames_stand_several_times(tmp_path: Path) -> None:
    for number in (1, 2):
        Image.new("L", (4, 4), number).save(tmp_path / f"{number}.png")
    assert sorted(read_frames(tmp_path, 4, 2)[:, 0, 0, 0].tolist()) == [1, 1, 2, 2]


def test_a_folder_without_frames_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="no picture"):
        read_frames(tmp_path, 4, 2)
