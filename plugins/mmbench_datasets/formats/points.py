"""Point clouds: binary PCD files and the raw floats of lidar sweeps."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

__all__ = ["read_bin", "read_pcd"]

Floats = npt.NDArray[np.float32]

_TYPES = {"F": "f", "I": "i", "U": "u"}
_HEADER = 4096


def read_pcd(path: Path) -> npt.NDArray[Any]:
    """The points (P,) of a PCD file with `DATA binary`, one named field for each in its header.

    Bytes after the last point are ignored: radar sweeps of nuScenes have some.

    Raises:
        OSError: if the file cannot be read.
        ValueError: if its header is not that of a binary PCD file, or points are missing at its end.

    """
    raw = path.read_bytes()
    text, found, data = raw.partition(b"DATA binary\n")
    if not found or len(text) > _HEADER:
        raise ValueError("no header of a PCD file with DATA binary")
    lines = [line.split() for line in text.decode("ascii").splitlines()]
    header = {words[0]: words[1:] for words in lines if words and words[0] != "#"}
    dtype, points = _dtype(header), _number(header)
    if len(data) < points * dtype.itemsize:
        raise ValueError(
            f"{len(data)} bytes of points instead of {points} × {dtype.itemsize}: the file is truncated"
        )
    return np.frombuffer(data, dtype, count=points)


def read_bin(path: Path, columns: int = 5) -> Floats:
    """Points (P, columns) of little-endian float32; of nuScenes x, y, z in metres, intensity and ring.

    Raises:
        OSError: if the file cannot be read.
        ValueError: if it does not hold whole points of finite numbers.

    """
    raw = path.read_bytes()
    if not raw or len(raw) % (4 * columns):
        raise ValueError(f"{len(raw)} bytes, which is no multiple of {columns} float32")
    points = np.frombuffer(raw, "<f4").reshape(-1, columns).astype(np.float32)
    if not np.isfinite(points).all():
        raise ValueError("NaN or infinity among the points")
    return points


def _dtype(header: dict[str, list[str]]) -> np.dtype[Any]:
    missing = {"FIELDS", "SIZE", "TYPE", "COUNT", "POINTS"} - set(header)
    if missing:
        raise ValueError(f"no {', '.join(sorted(missing))} in the header")
    columns = [header[name] for name in ("FIELDS", "TYPE", "SIZE", "COUNT")]
    if len({len(column) for column in columns}) != 1 or set(header["COUNT"]) != {"1"}:
        raise ValueError("FIELDS, SIZE, TYPE and COUNT differ in length, or a COUNT is not 1")
    try:
        kinds = [
            (name, f"<{_TYPES[kind]}{size}") for name, kind, size, _ in zip(*columns, strict=True)
        ]
        return np.dtype(kinds)
    except (KeyError, TypeError) as error:
        raise ValueError(f"TYPE and SIZE of no number: {error}") from error


def _number(header: dict[str, list[str]]) -> int:
    number = int(" ".join(header["POINTS"]))
    if number < 0:
        raise ValueError(f"POINTS {number}")
    return number
