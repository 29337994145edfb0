"""Pictures and folders of frames as small arrays."""

from __future__ import annotations

import re
import warnings
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image

__all__ = ["read_frames", "read_image", "to_array"]

_SUFFIXES = (".bmp", ".jpeg", ".jpg", ".png", ".webp")
Pixels = npt.NDArray[np.uint8]


def read_image(path: Path, size: int) -> Pixels:
    """A picture as RGB (3, size, size) uint8: scaled to the square, whatever its shape was.

    Raises:
        OSError: if it is missing, truncated or no picture.
        ValueError: if it is corrupt, or larger than Pillow's limit against decompression bombs.

    """
    with warnings.catch_warnings():
        warnings.simplefilter("error", Image.DecompressionBombWarning)
        try:
            with Image.open(path) as picture:
                picture.draft(
                    "RGB", (size, size)
                )  # a JPEG is decoded near the size it is wanted in
                return to_array(picture, size)
        except (Image.DecompressionBombError, Image.DecompressionBombWarning, SyntaxError) as error:
            raise ValueError(str(error)) from error


def to_array(picture: Image.Image, size: int) -> Pixels:
    """A picture of any mode as RGB (3, size, size) uint8; transparency is dropped."""
    if picture.mode.startswith("I;16"):  # Pillow would clip what is over 255
        picture = Image.fromarray((np.asarray(picture) >> 8).astype(np.uint8))
    elif picture.mode in ("P", "PA"):  # a palette may hold transparency that RGB alone warns of
        picture = picture.convert("RGBA")
    square = picture.convert("RGB").resize((size, size), Image.Resampling.BILINEAR)
    return np.ascontiguousarray(np.asarray(square).transpose(2, 0, 1))


def read_frames(folder: Path, count: int, size: int) -> Pixels:
    """`count` frames (count, 3, size, size) spread over a folder from its first to its last picture.

    Pictures are ordered by the numbers in their names. Where there are fewer than `count`, some stand
    more than once.

    Raises:
        OSError: if the folder or a picture cannot be read.
        ValueError: if the folder holds no picture, or a picture is corrupt.

    """
    pictures = sorted(
        (path for path in folder.iterdir() if path.suffix.lower() in _SUFFIXES), key=_numbers
    )
    if not pictures:
        raise ValueError(f"no picture among {', '.join(_SUFFIXES)} in the folder")
    chosen = np.linspace(0, len(pictures) - 1, count).round().astype(int)
    return np.stack([read_image(pictures[index], size) for index in chosen])


def _numbers(path: Path) -> list[tuple[int, str]]:
    """A key that puts frame2 before frame10."""
    parts = re.split(r"(\d+)", path.name)
    return [(int(part), "") if part.isdigit() else (-1, part) for part in parts]
