"""The registrations of a user's own files."""

from __future__ import annotations

from mmbench import Dataset, Float, Int
from mmbench.search import Space
from mmbench_datasets.own.layouts import NPZ, TABLE

_PIXELS = Int(16, 256, log=True)
_SOUND: dict[str, Space] = {
    "rate": Int(8000, 48000),
    "seconds": Float(0.5, 30.0),
    "bands": Int(0, 128),
}


def own_datasets() -> list[Dataset]:
    return [
        Dataset(
            "own_npz",
            "mmbench_datasets.own.npz:read",
            describes="mmbench_datasets.own.npz:describe",
            opens=(".npz",),
            layout=NPZ,
            embedded=False,
            summary="Your own arrays in one .npz file; kinds and task are inferred.",
            licence="that of the data",
            source="the user",
        ),
        Dataset(
            "own_table",
            "mmbench_datasets.own.table:read",
            describes="mmbench_datasets.own.table:describe",
            opens=("dataset.toml",),
            layout=TABLE,
            parameters={"size": _PIXELS, **_SOUND},
            embedded=False,
            summary="Your own table of numbers, texts and paths, described by a dataset.toml.",
            licence="that of the data",
            source="the user",
        ),
    ]
