from __future__ import annotations

import struct
from pathlib import Path

import numpy as np
import pytest

from mmbench_datasets.formats.points import read_bin, read_pcd

HEADER = """# .PCD v0.7 - Point Cloud Data file format
VERSION 0.7
FIELDS x y z dyn_prop id rcs
SIZE 4 4 4 1 2 4
TYPE F F F I I F
COUNT 1 1 1 1 1 1
WIDTH {points}
HEIGHT 1
VIEWPOINT 0 0 0 1 0 0 0
POINTS {points}
DATA binary
"""
ROWS = [(1.5, -2.25, 0.0, -3, 300, 12.5), (8.0, 4.0, 0.5, 7, -1, -4.0)]


def _write(path: Path, header: str = HEADER, rows: list[tuple[float, ...]] = ROWS) -> Path:
    body = b"".join(struct.pack("<fffbhf", *row) for row in rows)
    path.write_bytes(header.format(points=len(ROWS)).encode() + body)
    return path


def test_every_field_of_every_point_is_read(tmp_path: Path) -> None:
    points = read_pcd(_write(tmp_path / "a.pcd"))
    assert points.dtype.names == ("x", "y", "z", "dyn_prop", "id", "rcs")
    assert [point.tolist() for point in points] == ROWS


def test_bytes_after_the_last_point_are_ignored(tmp_path: Path) -> None:
    path = _write(tmp_path / "a.pcd")
    path.write_bytes(path.read_bytes() + b"\0" * 50)
    assert len(read_pcd(path)) == 2


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (("DATA binary", "DATA ascii"), "no header"),
        (("TYPE F F F I I F\n", ""), "no TYPE"),
        (("COUNT 1 1 1 1 1 1", "COUNT 1 1 1 1 1 2"), "COUNT is not 1"),
        (("SIZE 4 4 4 1 2 4", "SIZE 4 4 4 1 2"), "differ in length"),
        (("TYPE F F F I I F", "TYPE F F F I I X"), "no number"),
        (("SIZE 4 4 4 1 2 4", "SIZE 4 4 4 1 2 5"), "no number"),
        (("FIELDS x y", "FIELDS x x"), "no number|field"),
        (("POINTS {points}", "POINTS -1"), "POINTS -1"),
        (("POINTS {points}", "POINTS many"), "invalid literal"),
    ],
)
def test_a_header_that_says_nonsense_is_an_error(
    tmp_path: Path, change: tuple[str, str], reason: str
) -> None:
    with pytest.raises(ValueError, match=reason):
        read_pcd(_write(tmp_path / "a.pcd", HEADER.replace(*change)))


def test_a_truncated_cloud_says_how_much_is_missing(tmp_path: Path) -> None:
    path = _write(tmp_path / "a.pcd", rows=ROWS[:1])
    with pytest.raises(ValueError, match=r"19 bytes of points instead of 2 × 19: .* truncated"):
        read_pcd(path)


def test_a_sweep_is_rows_of_five_floats(tmp_path: Path) -> None:
    values = np.arange(15, dtype="<f4")
    (tmp_path / "a.bin").write_bytes(values.tobytes())
    assert read_bin(tmp_path / "a.bin").tolist() == values.reshape(3, 5).tolist()


@pytest.mark.parametrize("raw", [b"", b"\0" * 19, np.full(5, np.inf, "<f4").tobytes()])
def test_a_torn_or_infinite_sweep_is_an_error(tmp_path: Path, raw: bytes) -> None:
    (tmp_path / "a.bin").write_bytes(raw)
    with pytest.raises(ValueError, match=r"multiple of 5|infinity"):
        read_bin(tmp_path / "a.bin")
