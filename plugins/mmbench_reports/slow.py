"""The modality that joint training leaves behind, and in words what helps it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from mmbench_reports.arms import JOINT, named
from mmbench_reports.formatting import change

__all__ = ["sentence", "slow"]

_NAMED = 6


def slow(table: pd.DataFrame) -> pd.DataFrame:
    """Of `learned`, the modality that falls furthest behind its own training under the joint loss only.

    Returns:
        A row a dataset and fusion where that is known: the row of `learned`.
    """
    joint = table[table["default"] & (table["objective"] == JOINT) & table["minus_alone"].notna()]
    ordered = joint.sort_values(["minus_alone", "modality"])
    return ordered.drop_duplicates(["dataset", "fusion"]).sort_values(["dataset", "fusion"])


def sentence(behind: Mapping[Any, Any], table: pd.DataFrame) -> str:
    """On one row of `slow`: how slow the modality is, and what of `learned` raises it."""
    same = np.logical_and.reduce(
        [table[name] == behind[name] for name in ("dataset", "fusion", "modality")]
    )
    others = table[same & (table["minus_joint_seeds"] > 0)]
    uniform, weighted = others[others["default"]], others[~others["default"]]
    shown = behind["minus_alone_high"] < 0
    begin = (
        f"{behind['dataset']}, {behind['fusion']}: under the joint loss alone "
        f"{'the slow encoder' if shown else 'no encoder is shown to be slow; the slowest'} is that of "
        f"{behind['modality']}, whose probe, less that of {behind['modality']} trained alone, is "
        f"{_with_interval(behind, 'minus_alone')}."
    )
    return " ".join([begin, *_raised(uniform, weighted)])


def _raised(uniform: pd.DataFrame, weighted: pd.DataFrame) -> list[str]:
    """What the default weighting with more terms, and all other weightings, do for an encoder."""
    words = []
    for row in uniform.to_dict("records"):
        raises = "raise" if row["minus_joint_low"] > 0 else "are not shown to raise"
        change = _with_interval(row, "minus_joint")
        words.append(f"Uniform weights ({row['weighting']}, {row['terms']}) {raises} it: {change}.")
    if not len(weighted):
        return words
    weighted = weighted.assign(arm=named(weighted))
    above = weighted[weighted["minus_joint_low"] > 0]
    words.append(
        f"Of {len(weighted)} other weightings {len(above) or 'none'} "
        f"{'is' if len(above) < 2 else 'are'} shown to raise it{_list(above, 'minus_joint')}."
    )
    beyond = weighted[weighted["minus_uniform_low"] > 0]
    paired = weighted[weighted["minus_uniform_seeds"] > 0]
    if len(paired):
        words.append(
            f"{len(beyond) or 'None'} of {len(paired)} {'is' if len(beyond) < 2 else 'are'} shown to "
            f"raise it by more than uniform weights with the same objective do"
            f"{_list(beyond, 'minus_uniform')}; about {0.025 * len(paired):.1f} would be by chance."
        )
    return words


def _list(rows: pd.DataFrame, column: str) -> str:
    """`: gradnorm +0.021 [+0.004, +0.038], …`, the greatest first."""
    ordered = rows.sort_values(column, ascending=False)
    best = ordered.head(_NAMED).to_dict("records")
    words = [f"{row['arm']} {_with_interval(row, column)}" for row in best]
    more = f", and {len(rows) - _NAMED} more" if len(rows) > _NAMED else ""
    return f": {', '.join(words)}{more}" if words else ""


def _with_interval(row: Mapping[Any, Any], column: str) -> str:
    return change(row[column], row[f"{column}_low"], row[f"{column}_high"])
