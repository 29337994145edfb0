"""Pictures with reports in one JSON file, as collections of chest X-rays are prepared."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from mmbench.data.problems import Problems
from mmbench.data.samples import Samples
from mmbench_datasets.formats.decoding import decode
from mmbench_datasets.formats.faults import Faults
from mmbench_datasets.formats.images import read_image
from mmbench_datasets.formats.parameters import at_least
from mmbench_datasets.formats.rows import Row, Types, checked, read_json
from mmbench_datasets.formats.splits import as_split, part_of

__all__ = ["read"]

_FIELDS: dict[str, Types] = {"id": (str, int), "report": str, "image_path": (list, str)}


def read(root: Path, problems: Problems, size: int = 64) -> Samples | None:
    """Finding the report of a picture: `image` (N, 3, size, size), `text` (N,); the published split.

    A sample is a report with the first of its pictures. Equal reports are one item, as most of
    healthy patients are; the gallery holds them all the same. Groups are the patients where the file
    names them as `subject_id`, else the reports.

    Args:
        root: the folder with `annotation.json` and the pictures in `images/`. The file is
            `{"train": […], "val": […], "test": […]}`, or one list whose rows say it in `split`, of rows
            with `id`, `report` and `image_path`, a list.
        problems: where faults are reported.
        size: of a picture, in pixels.

    Paper: Demner-Fushman et al. 2016, JAMIA 23(2), of the Indiana University collection; Chen et al.
    2020, EMNLP, arXiv:2010.16056, of the file.

    """
    at_least(1, size=size)
    path = problems.path("annotation.json", needed="reports, their pictures and their split")
    content = None if path is None else read_json(problems, path)
    if path is None or content is None:
        return None
    rows = checked(problems, path, _flat(content), _FIELDS)
    parts = _parts(problems, path, rows)
    names = _pictures(problems, path, rows)
    pictures = decode(problems, "images", names, partial(read_image, size=size), "image_path")
    if problems.found or not rows:
        return None
    groups = np.array([str(row.get("subject_id", row["id"])) for row in rows])
    split = as_split(problems, path, parts, groups)
    texts = [row["report"].strip() for row in rows]
    if problems.found:
        return None
    return Samples(
        {
            "image": np.stack([pictures[name] for name in names]),
            "text": np.array(texts, dtype=object),
        },
        targets=np.unique(texts, return_inverse=True)[1].astype(np.int64),
        groups=groups,
        split=split,
    )


def _flat(content: Any) -> Any:
    """The rows of all parts, each with its `split`."""
    if not isinstance(content, dict):
        return content
    return [
        {**row, "split": part} if isinstance(row, dict) else row
        for part, rows in content.items()
        for row in (rows if isinstance(rows, list) else [rows])
    ]


def _parts(problems: Problems, path: Path, rows: list[Row]) -> list[str]:
    faults = Faults(problems, path, len(rows))
    for row in rows:
        if part_of(row.get("split")) is None:
            faults.note("split", "train, val or test", f"{row.get('split')!r} of {row['id']}")
        if not row["report"].strip():
            faults.note("report", "text", f"none of {row['id']}")
    faults.report()
    return [part_of(row.get("split")) or "" for row in rows]


def _pictures(problems: Problems, path: Path, rows: list[Row]) -> list[str]:
    """The path of each row's first picture."""
    faults, names = Faults(problems, path, len(rows)), []
    for row in rows:
        paths = row["image_path"] if isinstance(row["image_path"], list) else [row["image_path"]]
        if not paths or not isinstance(paths[0], str) or not paths[0]:
            faults.note("image_path", "at least one path", f"{paths} of {row['id']}")
        else:
            names.append(f"images/{paths[0]}")
    faults.report()
    return names
