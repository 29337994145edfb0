"""Shoulder exercises recorded by a smartwatch (seglearn's watch dataset)."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from mmbench.data.samples import Samples
from mmbench_datasets.files import DATA

__all__ = ["load"]

_WINDOW = 100
_STRIDE = 50
EXERCISES = ("PEN", "ABD", "FEL", "IR", "ER", "TRAP", "ROW")


def load() -> Samples:
    """Windows of 2 s at 50 Hz, one a second: `accelerometer` and `gyroscope`, (N, 100, 3) float32.

    10 subjects did 7 exercises with either arm: 140 recordings. Windows stay within a recording,
    and groups are the subjects, so a split asks about people nobody has seen. Which arm moved is
    neither an input nor a target. The values are the source's, rounded to half precision.

    Paper: Burns et al. 2018, Physiological Measurement 39(7), arXiv:1802.01489.
    """
    with np.load(DATA / "watch.npz", allow_pickle=False) as archive:
        steps, lengths = archive["X"].astype(np.float32), archive["n"]
        exercises, subjects = archive["y"], archive["s"]
    recordings = np.split(steps, np.cumsum(lengths)[:-1])
    windows = [_windows(recording) for recording in recordings]
    counts = [len(cut) for cut in windows]
    joined = np.concatenate(windows)
    return Samples(
        {
            "accelerometer": np.ascontiguousarray(joined[:, :, :3]),
            "gyroscope": np.ascontiguousarray(joined[:, :, 3:]),
        },
        targets=np.repeat(exercises.astype(np.int64), counts),
        target_names=EXERCISES,
        groups=np.repeat(subjects, counts),
    )


def _windows(recording: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """(T, C) -> (number of whole windows, _WINDOW, C)."""
    every = np.lib.stride_tricks.sliding_window_view(recording, _WINDOW, axis=0)
    cut: npt.NDArray[Any] = every[::_STRIDE].transpose(0, 2, 1)
    return cut
