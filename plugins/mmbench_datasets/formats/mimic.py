"""MIMIC-III admissions: what was measured in the first 24 hours in intensive care, and what came of it.

`im.pk` is a pickle of a dictionary with `ep_tdata` (N, 24, 12), twelve measurements an hour;
`adm_features_all` (N, 5), age, three chronic diseases and kind of admission; `adm_labels_all` (N, 6), death
in hospital and within 1, 2, 3, 30 days and a year; and `y_icd9` (N, 20), groups of diagnoses. Loading it
gives `series` (N, 24, 12) and `static` (N, 5), float32.

Unknown or infinite values of `series` become 0, as in MultiBench; those of `static` are unknown (NaN). The
file names no patients, so that two admissions of one can fall on both sides of a split.

Papers: Johnson 2016, Scientific Data 3; Purushotham 2018, Journal of Biomedical Informatics 83,
arXiv:1710.08531.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from mmbench.data.problems import Problems
from mmbench.data.samples import Samples
from mmbench.errors import BadParameter
from mmbench_datasets.formats.arrays import Checks, only_file
from mmbench_datasets.formats.pickles import read_arrays

__all__ = ["icd9", "icd9_group", "mortality"]

_GROUPS = 20
_DEATHS = ("1 day", "2 days", "3 days", "30 days", "1 year")


def mortality(root: Path, problems: Problems) -> Samples | None:
    """Within which of five terms somebody died, six classes: 0 is none, 1 is the shortest, one day."""
    held = _read(problems, "adm_labels_all", 1 + len(_DEATHS))
    if held is None:
        return None
    died = held["adm_labels_all"][:, 1:] > 0
    classes = np.where(died.any(axis=1), died.argmax(axis=1) + 1, 0)
    return _samples(
        held, classes, ("alive after 1 year", *(f"died within {term}" for term in _DEATHS))
    )


def icd9(root: Path, problems: Problems) -> Samples | None:
    """Which of the 20 groups of ICD-9 somebody has a diagnosis in; several labels."""
    held = _read(problems, "y_icd9", _GROUPS)
    if held is None:
        return None
    names = tuple(f"group {group}" for group in range(_GROUPS))
    return _samples(held, (held["y_icd9"] > 0).astype(np.int64), names)


def icd9_group(root: Path, problems: Problems, group: int = 7) -> Samples | None:
    """Whether somebody has a diagnosis in one group, counted from 0; MultiBench reports 1 and 7.

    Raises:
        BadParameter: if there is no such group.

    """
    if not 0 <= group < _GROUPS:
        raise BadParameter(f"Expected `group` to be 0 to {_GROUPS - 1}. Found {group}.")
    held = _read(problems, "y_icd9", _GROUPS)
    if held is None:
        return None
    return _samples(held, (held["y_icd9"][:, group] > 0).astype(np.int64), ("no", "yes"))


def _read(problems: Problems, labels: str, count: int) -> dict[str, npt.NDArray[Any]] | None:
    path = only_file(problems, "im.pk")
    content = None if path is None else read_arrays(problems, path)
    if path is None or content is None:
        return None
    checks = Checks(problems, path)
    shapes = {"ep_tdata": ("N", 24, 12), "adm_features_all": ("N", 5), labels: ("N", count)}
    if checks.fields("content", content, tuple(shapes)) is None:
        return None
    read = {name: checks.numbers(name, content[name], shape) for name, shape in shapes.items()}
    held = {name: array for name, array in read.items() if array is not None}
    if len(held) < len(read) or not checks.as_long(held) or not checks.finite(labels, held[labels]):
        return None
    return held


def _samples(
    held: dict[str, npt.NDArray[Any]], targets: npt.NDArray[np.int64], names: tuple[str, ...]
) -> Samples:
    with np.errstate(over="ignore"):  # what float32 cannot hold is infinite
        series = held["ep_tdata"].astype(np.float32)
        static = held["adm_features_all"].astype(np.float32)
    return Samples(
        {
            "series": np.where(np.isfinite(series), series, 0),
            "static": np.where(np.isfinite(static), static, np.nan).astype(np.float32),
        },
        targets=targets,
        target_names=names,
    )
