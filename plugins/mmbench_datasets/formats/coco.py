"""MS COCO captions with their images."""

from __future__ import annotations

from collections import defaultdict
from functools import partial
from pathlib import Path

import numpy as np

from mmbench.data.problems import Problems
from mmbench.data.samples import Samples
from mmbench_datasets.formats.decoding import decode
from mmbench_datasets.formats.faults import Faults
from mmbench_datasets.formats.images import read_image
from mmbench_datasets.formats.parameters import at_least
from mmbench_datasets.formats.rows import Row, by, checked, read_json
from mmbench_datasets.formats.series import evenly
from mmbench_datasets.formats.splits import as_split, part_of

__all__ = ["read"]

_PREFIX = "captions_"
Caption = tuple[str, int, str, str]
"""Name of the captions' file after its prefix, id of the image, its path under the root, and the text."""


def read(
    root: Path, problems: Problems, size: int = 64, captions: int = 1, limit: int = 0
) -> Samples | None:
    """Finding the picture that a caption describes: `image` (N, 3, size, size), `text` (N,).

    A sample is a caption with its picture; targets number the pictures and groups are their ids.
    Captions of train2017 and val2017 together keep the published split: val2017 is the test part,
    and a fifth of train2017 validates. One file alone is split by picture.

    Args:
        root: the folder with `annotations/captions_{name}.json` and the pictures in `{name}/`.
        problems: where faults are reported.
        size: of a picture, in pixels.
        captions: of each picture, at most; 0 is all. More than one puts a picture into the gallery
            several times, and the benchmark counts a tie against the query.
        limit: pictures at most of each file, spread over it; 0 is all.

    Paper: Chen et al. 2015, arXiv:1504.00325; Lin et al. 2014, ECCV, arXiv:1405.0312.

    """
    at_least(1, size=size)
    at_least(0, captions=captions, limit=limit)
    if problems.path("annotations", needed="the folder of captions_{name}.json") is None:
        return None
    files = sorted((root / "annotations").glob(f"{_PREFIX}*.json"))
    if not problems.require(
        bool(files), "annotations", "", "captions_{name}.json, one or more", "none"
    ):
        return None
    found = [caption for file in files for caption in _captions(problems, file, captions, limit)]
    if not found:
        return None
    names, ids, paths, texts = zip(*found, strict=True)
    pictures = decode(problems, "images", paths, partial(read_image, size=size), "file_name")
    groups = np.array(ids, dtype=np.int64)
    split = _split(problems, list(names), groups)
    if problems.found:
        return None
    return Samples(
        {
            "image": np.stack([pictures[path] for path in paths]),
            "text": np.array(texts, dtype=object),
        },
        targets=np.unique(groups, return_inverse=True)[1].astype(np.int64),
        groups=groups,
        split=split,
    )


def _captions(problems: Problems, file: Path, most: int, limit: int) -> list[Caption]:
    """The captions of one file, picture by picture."""
    content = read_json(problems, file)
    if content is None:
        return []
    tables = content if isinstance(content, dict) else {}
    images = checked(problems, file, tables.get("images"), {"id": int, "file_name": str})
    rows = checked(problems, file, tables.get("annotations"), {"image_id": int, "caption": str})
    texts = _texts(problems, file, rows, by(images, "id"))
    name = file.stem.removeprefix(_PREFIX)
    described = [row for row in images if row["id"] in texts]
    return [
        (name, row["id"], f"{name}/{row['file_name']}", text)
        for row in (described[index] for index in evenly(len(described), limit))
        for text in texts[row["id"]][: most or None]
    ]


def _texts(
    problems: Problems, file: Path, rows: list[Row], images: dict[int, Row]
) -> dict[int, list[str]]:
    """The captions of each image."""
    faults, texts = Faults(problems, file, len(rows), "captions"), defaultdict[int, list[str]](list)
    for row in rows:
        text, image = row["caption"].strip(), row["image_id"]
        if image not in images:
            faults.note("image_id", "the id of one of its images", image)
        elif not text:
            faults.note("caption", "text", f"none of image {image}")
        else:
            texts[image].append(text)
    faults.report()
    return texts


def _split(problems: Problems, names: list[str], groups: np.ndarray) -> np.ndarray | None:
    if len(set(names)) == 1:
        return None
    parts = ["test" if part_of(name[:3]) == "validation" else "train" for name in names]
    return as_split(problems, "annotations", parts, groups)
