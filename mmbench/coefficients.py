"""λ and w as arrays, turned into the tables that a run takes."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from mmbench.errors import BadParameter

__all__ = ["coefficients"]


def coefficients(
    modalities: Sequence[str],
    lambdas: Sequence[float] | None = None,
    w: Sequence[Sequence[float]] | None = None,
    joint: float | None = None,
) -> dict[str, dict[str, float]]:
    """The options `lambdas` and `ws` of `mmbench.run` for λ as a vector and w as a matrix.

    ::

        mmbench.run(datasets=["emoji"], **mmbench.coefficients(["image", "text"], w=[[0, 0.1], [0, 0]]))

    Args:
        modalities: M names, in the order of the entries; the matrix need not be symmetric.
        lambdas: λ_i, M numbers; an array will do.
        w: w_ij in row i and column j, (M, M) with zeros on the diagonal; an array will do.
        joint: λ of the fused task loss.

    Raises:
        BadParameter: if a shape is wrong, or an entry negative or not finite.

    """
    names = list(modalities)
    vector = _numbers("lambdas", lambdas, names)
    rows = {} if w is None else dict(zip(names, _rows(w, names), strict=True))
    ws = {
        f"{i}->{j}": value
        for i, row in rows.items()
        for j, value in _numbers(f"row {i!r} of w", row, names).items()
        if i != j
    }
    for i, row in rows.items():
        if float(row[names.index(i)]) != 0:
            raise BadParameter(
                f"Expected zeros on the diagonal of w, since no modality is aligned with itself. "
                f"Found {row[names.index(i)]} for {i!r}."
            )
    if joint is not None:
        vector |= _numbers("joint", [joint], ["joint"])
    return {"lambdas": vector, "ws": ws}


def _rows(w: Sequence[Any], names: list[str]) -> list[Any]:
    rows = list(w)
    if len(rows) != len(names):
        raise BadParameter(f"Expected {len(names)} rows in w, one a modality. Found {len(rows)}.")
    return rows


def _numbers(what: str, values: Sequence[float] | None, names: list[str]) -> dict[str, float]:
    if values is None:
        return {}
    numbers = [float(value) for value in values]
    if len(numbers) != len(names):
        raise BadParameter(
            f"Expected {len(names)} entries in {what}: {', '.join(names)}. Found {len(numbers)}."
        )
    for name, number in zip(names, numbers, strict=True):
        if not (math.isfinite(number) and number >= 0):
            raise BadParameter(
                f"Expected weights of 0 or above in {what}. Found {number} for {name!r}."
            )
    return dict(zip(names, numbers, strict=True))
