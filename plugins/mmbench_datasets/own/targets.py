"""Targets of a user's own data, and the task that they are of."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from mmbench.data.problems import Problems
from mmbench.registrations import TASKS
from mmbench_datasets.formats.labels import encode

__all__ = ["Target", "read_target"]

_MOST_CLASSES = 100


@dataclass(frozen=True)
class Target:
    """Encoded targets (N,) or (N, K), names of classes or labels, their task, and why it is that one."""

    values: npt.NDArray[Any]
    names: tuple[str, ...]
    task: str
    why: str


def read_target(
    problems: Problems, file: Path | str, field: str, raw: npt.NDArray[Any], task: str = ""
) -> Target | None:
    """Targets as `mmbench.Samples` wants them; None where they are a problem.

    Without a task, text and truth values are classes; so are whole numbers, if there are at most 100
    distinct ones and at most half as many as samples. Two axes of 0 and 1 are labels. All else is
    regression.

    Args:
        problems: where faults are reported.
        file: that holds the targets.
        field: what they are called in it.
        raw: (N,), (N, 1) or (N, K).
        task: what they are, where the user says so; else it is inferred.

    """
    values = raw[:, 0] if raw.ndim == 2 and raw.shape[1] == 1 else raw
    if values.ndim not in (1, 2) or values.dtype.kind not in "fiubUOT" or not values.size:
        expected = "numbers or text of shape (N,) or (N, K)"
        problems.add(file, field, expected, f"{values.dtype} of shape {values.shape}")
        return None
    if values.dtype.kind == "f" and not np.isfinite(values).all():
        rows = np.flatnonzero(~np.isfinite(values.reshape(len(values), -1)).all(axis=1))
        problems.add(file, field, "a known value in each row", f"NaN or infinity in {_some(rows)}")
        return None
    inferred, why = _infer(values)
    stated = task or inferred
    why = f"{stated}, as stated" if task else f"{stated} by {why}"
    return _encode(problems, file, field, values, stated, why)


def _infer(values: npt.NDArray[Any]) -> tuple[str, str]:
    if values.ndim == 2:
        return (
            ("multilabel", "0 and 1") if _is_binary(values) else ("regression", "several numbers")
        )
    if values.dtype.kind in "UOTb":
        return "classification", "text" if values.dtype.kind != "b" else "truth values"
    distinct = len(np.unique(values))
    if values.dtype.kind in "iu" and distinct <= min(_MOST_CLASSES, max(2, len(values) // 2)):
        return "classification", f"{distinct} distinct whole numbers"
    return "regression", f"{distinct} distinct numbers"


def _encode(
    problems: Problems, file: Path | str, field: str, values: npt.NDArray[Any], task: str, why: str
) -> Target | None:
    numeric, shape = values.dtype.kind in "fiub", f"{values.dtype} of shape {values.shape}"
    if task == "classification":
        if problems.require(values.ndim == 1, file, field, "one class a row", shape):
            codes, names = encode(values.tolist())
            if problems.require(
                len(names) > 1, file, field, "two classes or more", f"only {names}"
            ):
                return Target(codes, names, task, f"{why}: {len(names)} classes")
    elif task == "multilabel":
        fits = values.ndim == 2 and _is_binary(values)
        if problems.require(fits, file, field, "0 and 1 of shape (N, K)", shape):
            return Target(values.astype(np.int64), (), task, why)
    elif task == "regression":
        if problems.require(numeric, file, field, "numbers", shape):
            return Target(values.astype(np.float64), (), task, why)
    elif task == "retrieval":
        if problems.require(values.ndim == 1, file, field, "one item a row", shape):
            return Target(encode(values.tolist())[0], (), task, why)
    else:
        problems.add(file, "task", f"one of {', '.join(TASKS)}", repr(task))
    return None


def _is_binary(values: npt.NDArray[Any]) -> bool:
    return values.dtype.kind in "fiub" and bool(np.isin(values, (0, 1)).all())


def _some(rows: npt.NDArray[np.intp]) -> str:
    shown = ", ".join(map(str, rows[:3].tolist())) + (", …" if len(rows) > 3 else "")
    return f"{len(rows)} rows: {shown}"
