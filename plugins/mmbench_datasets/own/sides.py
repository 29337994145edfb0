"""Splits and groups of a user's own data."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from mmbench.data.problems import Problems
from mmbench_datasets.formats.faults import Faults
from mmbench_datasets.formats.splits import as_split, part_of, straddling

__all__ = ["read_groups", "read_split"]


def read_groups(
    problems: Problems, file: Path | str, field: str, raw: npt.NDArray[Any]
) -> npt.NDArray[np.int64] | None:
    """Groups (N,) of any names as whole numbers; unknown ones are reported."""
    names = [str(name) for name in raw.tolist()]
    faults = Faults(problems, file, len(names))
    for row, name in enumerate(names):
        if name.strip().lower() in ("", "nan", "none"):
            faults.note(field, "a group in each row", f"row {row}")
    if not problems.require(raw.ndim == 1, file, field, "shape (N,)", f"{raw.shape}"):
        return None
    return np.unique(names, return_inverse=True)[1].astype(np.int64) if faults.report() else None


def read_split(
    problems: Problems,
    file: Path | str,
    field: str,
    raw: npt.NDArray[Any],
    groups: npt.NDArray[Any] | None = None,
) -> npt.NDArray[np.str_] | None:
    """A split (N,) of parts by their usual names; unknown names and torn groups are reported.

    Without a validation part, a fifth of the training samples, or of their groups, is held out.
    """
    parts = [part_of(name) for name in raw.tolist()]
    faults = Faults(problems, file, len(parts))
    for name, part in zip(raw.tolist(), parts, strict=True):
        if part is None:
            faults.note(field, "train, validation or test", repr(name))
    if not faults.report():
        return None
    split = as_split(problems, file, [str(part) for part in parts], groups)
    torn = [] if groups is None else straddling(split, groups)
    shown = ", ".join(map(str, torn[:3]))
    problems.require(
        not torn, file, field, "each group in one part", f"{len(torn)} groups in several: {shown}"
    )
    return split
