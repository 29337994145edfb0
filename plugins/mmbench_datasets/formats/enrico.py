"""Enrico: what a screen of a mobile application is for, from its picture and its wireframe."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import numpy as np
import numpy.typing as npt

from mmbench.data.problems import Problems
from mmbench.data.samples import Samples
from mmbench.errors import BadParameter
from mmbench_datasets.formats.decoding import decode
from mmbench_datasets.formats.faults import Faults
from mmbench_datasets.formats.images import read_image
from mmbench_datasets.formats.rows import Row, read_csv

__all__ = ["read"]

_TOPICS = 20
_CORRUPT = ("50105", "50109")


def read(root: Path, problems: Problems, size: int = 64) -> Samples | None:
    """`screenshot` and `wireframe` (N, 3, size, size) uint8, one of 20 topics; 1,458 screens.

    `design_topics.csv` has a row `screen_id,topic` for each screen, whose pictures are
    `screenshots/{screen_id}.jpg` and `wireframes/{screen_id}.png`. They are scaled to squares. The topics
    are those of the table, in the order of the alphabet. Two screens whose published wireframes cannot
    be decoded, 50105 and 50109, are left out, as in MultiBench.

    Paper: Leiva 2020, MobileHCI Adjunct.

    Raises:
        BadParameter: if the size is none.

    """
    if size < 1:
        raise BadParameter(f"Expected `size` to be at least 1. Found {size}.")
    table = problems.path("design_topics.csv", needed="the topic of each screen")
    rows = [] if table is None else _rows(problems, table)
    screens = [row["screen_id"] for row in rows]
    pictures = {
        "screenshot": _pictures(problems, "screenshots", screens, "jpg", size),
        "wireframe": _pictures(problems, "wireframes", screens, "png", size),
    }
    read = {name: array for name, array in pictures.items() if array is not None}
    if problems.found:
        return None
    topics, codes = np.unique([row["topic"] for row in rows], return_inverse=True)
    return Samples(read, targets=codes.astype(np.int64), target_names=tuple(topics.tolist()))


def _rows(problems: Problems, table: Path) -> list[Row]:
    """The rows of the table; none where they cannot be used."""
    read = read_csv(problems, table, ("screen_id", "topic"))
    rows = [row for row in read if row["screen_id"] not in _CORRUPT]
    topics = {row["topic"] for row in rows}
    few = problems.require(
        len(topics) <= _TOPICS, table, "topic", f"at most {_TOPICS} topics", f"{len(topics)}"
    )
    faults, seen = Faults(problems, table, len(read)), set[str]()
    for row in rows:
        if row["screen_id"] in seen:
            faults.note("screen_id", "each screen once", row["screen_id"])
        seen.add(row["screen_id"])
    return rows if faults.report() and few else []


def _pictures(
    problems: Problems, folder: str, screens: list[str], suffix: str, size: int
) -> npt.NDArray[np.uint8] | None:
    """(N, 3, size, size) in the order of the screens; None where any of them is a problem."""
    if problems.path(folder) is None or not screens:
        return None
    names = [f"{folder}/{screen}.{suffix}" for screen in screens]
    decoded = decode(problems, folder, names, partial(read_image, size=size))
    return np.stack([decoded[name] for name in names]) if len(decoded) == len(names) else None
