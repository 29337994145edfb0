"""The Hateful Memes Challenge: pictures with text on them, as JSON lines."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import numpy as np

from mmbench.data.problems import Problems
from mmbench.data.samples import Samples
from mmbench_datasets.formats.decoding import decode
from mmbench_datasets.formats.faults import Faults
from mmbench_datasets.formats.images import read_image
from mmbench_datasets.formats.parameters import at_least
from mmbench_datasets.formats.rows import Row, Types, checked, read_json_lines

__all__ = ["read"]

_PARTS = {"train": "train", "dev": "validation", "test": "test"}
_FIELDS: dict[str, Types] = {"id": (int, str), "img": str, "text": str}


def read(root: Path, problems: Problems, size: int = 64, phase: str = "seen") -> Samples | None:
    """Whether a meme is hateful: `image` (N, 3, size, size) and `text` (N,); the published split.

    Args:
        root: the folder with `train.jsonl`, `dev_{phase}.jsonl`, `test_{phase}.jsonl` (or `dev.jsonl`,
            `test.jsonl`) and the pictures that they name in `img`.
        problems: where faults are reported.
        size: of a picture, in pixels.
        phase: of the challenge: `seen` or `unseen`. The test file of the first release has no labels.

    Paper: Kiela et al. 2020, NeurIPS, arXiv:2005.04790.

    """
    at_least(1, size=size)
    tables = {part: _rows(problems, name, phase) for name, part in _PARTS.items()}
    rows = [row for table in tables.values() for row in table]
    pictures = decode(
        problems, "img", [row["img"] for row in rows], partial(read_image, size=size), "img"
    )
    if problems.found:
        return None
    return Samples(
        {
            "image": np.stack([pictures[row["img"]] for row in rows]),
            "text": np.array([row["text"] for row in rows], dtype=object),
        },
        targets=np.array([row["label"] for row in rows], dtype=np.int64),
        target_names=("benign", "hateful"),
        split=np.repeat(list(tables), [len(table) for table in tables.values()]),
    )


def _rows(problems: Problems, name: str, phase: str) -> list[Row]:
    """The sound rows of one part."""
    of_phase = f"{name}_{phase}.jsonl"
    file = of_phase if (problems.root / of_phase).exists() else f"{name}.jsonl"
    path = problems.path(file, needed=f"or {of_phase}" if name != "train" else "")
    if path is None:
        return []
    rows = checked(problems, path, read_json_lines(problems, path), _FIELDS)
    faults = Faults(problems, path, len(rows))
    for row in rows:
        if row.get("label") not in (0, 1):
            faults.note("label", "0 or 1", f"{row.get('label')!r} of {row['id']}")
    faults.report()
    return rows
