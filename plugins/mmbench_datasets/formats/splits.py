"""Published splits in the words of the benchmark."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from mmbench.data.problems import Problems
from mmbench.data.samples import PARTS

__all__ = ["as_split", "part_of", "straddling"]

_PARTS = {
    "train": "train",
    "training": "train",
    "val": "validation",
    "valid": "validation",
    "validate": "validation",
    "validation": "validation",
    "dev": "validation",
    "test": "test",
    "testing": "test",
}
_SHARE = 0.2


def part_of(name: object) -> str | None:
    """`train`, `validation` or `test` by any of its usual names."""
    return _PARTS.get(str(name).strip().lower())


def as_split(
    problems: Problems,
    file: Any,
    parts: Sequence[str],
    groups: npt.NDArray[Any] | None = None,
) -> npt.NDArray[np.str_]:
    """The split (N,) of parts that are named as the benchmark does.

    Where none is held out for validation, a fifth of the training samples is, or of their groups,
    by one fixed draw. A split without a training or a test part is reported.
    """
    split = np.array(parts, dtype="U10")
    missing = [part for part in PARTS if part not in parts and part != "validation"]
    if problems.require(
        not missing, file, "split", "a train and a test part", f"no {', '.join(missing)}"
    ):
        return split if "validation" in parts else _held_out(split, groups)
    return split


def straddling(split: npt.NDArray[Any], groups: npt.NDArray[Any]) -> list[Any]:
    """The groups with samples in more than one part."""
    pairs = np.unique(np.stack([groups.astype(str), split.astype(str)]), axis=1)
    names, counts = np.unique(pairs[0], return_counts=True)
    return list(names[counts > 1])


def _held_out(split: npt.NDArray[np.str_], groups: npt.NDArray[Any] | None) -> npt.NDArray[np.str_]:
    training = np.flatnonzero(split == "train")
    units = training if groups is None else groups[training]
    unique = np.unique(units)
    held = np.random.default_rng(0).permutation(unique)[: max(1, round(_SHARE * len(unique)))]
    split[training[np.isin(units, held)]] = "validation"
    return split
