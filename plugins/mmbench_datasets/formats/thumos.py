"""THUMOS14 as features of its videos with the annotations of their actions."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from mmbench.data.problems import Problems
from mmbench.data.samples import Samples
from mmbench_datasets.formats.decoding import decode
from mmbench_datasets.formats.faults import Faults
from mmbench_datasets.formats.parameters import at_least
from mmbench_datasets.formats.rows import checked, read_json
from mmbench_datasets.formats.series import average_down, pad
from mmbench_datasets.formats.splits import as_split, part_of

__all__ = ["read"]

_STREAMS = ("flow", "rgb")
_NOT_AN_ACTION = "Ambiguous"
Videos = dict[str, tuple[str, set[str]]]
"""Part and actions of each video."""


def read(
    root: Path, problems: Problems, annotations: str = "annotations.json", steps: int = 64
) -> Samples | None:
    """Which actions a video shows, any number of them: `rgb` and `flow`, (N, T, D) float32.

    Features of long videos are averaged over equal stretches. Segments marked ambiguous are no
    action, and videos without any are left out. As the field does, the subset "validation" is the
    training part where there is none called "training"; a fifth of it then validates.

    Args:
        root: the folder with the annotations, `rgb/{video}.npy` and `flow/{video}.npy`, each (T, D).
        problems: where faults are reported.
        annotations: file name of `{"database": {video: {"subset": …, "annotations": [{"label": …}]}}}`.
        steps: T at most.

    Source: Jiang et al. 2014, THUMOS Challenge: Action Recognition with a Large Number of Classes.

    """
    at_least(1, steps=steps)
    videos = _videos(problems, annotations)
    if not videos:
        return None
    streams = {name: _stream(problems, name, list(videos), steps) for name in _STREAMS}
    split = _split(problems, annotations, [subset for subset, _ in videos.values()])
    if problems.found:
        return None
    padded = {name: pad(series) for name, series in streams.items()}
    actions = sorted(set().union(*(labels for _, labels in videos.values())))
    return Samples(
        {name: values for name, (values, _) in padded.items()},
        targets=np.array(
            [[name in shown for name in actions] for _, shown in videos.values()], int
        ),
        target_names=tuple(actions),
        lengths={name: lengths for name, (_, lengths) in padded.items()},
        split=split,
    )


def _videos(problems: Problems, file: str) -> Videos:
    path = problems.path(file, needed="which actions each video shows")
    content = None if path is None else read_json(problems, path)
    if path is None or content is None:
        return {}
    database: Any = content.get("database") if isinstance(content, dict) else None
    if not problems.require(
        isinstance(database, dict) and bool(database),
        path,
        "database",
        "an object of videos",
        type(database).__name__,
    ):
        return {}
    rows = [
        {**video, "name": name} if isinstance(video, dict) else video
        for name, video in database.items()
    ]
    faults, videos = Faults(problems, path, len(rows), "videos"), {}
    for row in checked(problems, path, rows, {"subset": str, "annotations": list}):
        labels = [
            mark.get("label") if isinstance(mark, dict) else None for mark in row["annotations"]
        ]
        if part_of(row["subset"]) is None:
            faults.note("subset", "training, validation or test", f"{row['subset']!r}")
        elif not all(isinstance(label, str) for label in labels):
            faults.note("annotations", "a `label` of text in each", row["name"])
        elif shown := {str(label) for label in labels} - {_NOT_AN_ACTION}:
            videos[row["name"]] = (str(part_of(row["subset"])), shown)
    faults.report()
    return videos


def _stream(problems: Problems, name: str, videos: list[str], steps: int) -> list[npt.NDArray[Any]]:
    files = [f"{name}/{video}.npy" for video in videos]
    series = decode(problems, name, files, partial(_features, steps=steps), "{video}.npy")
    widths = sorted({values.shape[1] for values in series.values()})
    problems.require(len(widths) < 2, name, "D", "the same in all files", f"{widths}")
    return [series[file] for file in files if file in series]


def _features(path: Path, steps: int) -> npt.NDArray[np.float32]:
    values = np.load(path, allow_pickle=False)
    if values.ndim != 2 or not values.size or values.dtype.kind != "f":
        raise ValueError(f"expected real numbers (T, D), found {values.dtype} {values.shape}")
    if not np.isfinite(values).all():
        raise ValueError("expected finite numbers, found NaN or infinity")
    return average_down(values, steps)


def _split(problems: Problems, file: str, parts: list[str]) -> npt.NDArray[np.str_]:
    if "train" not in parts:
        parts = ["train" if part == "validation" else part for part in parts]
    return as_split(problems, file, parts)
