"""What stands beside a comparison of weightings: one modality, the joint loss alone, uniform weights."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from mmbench.reporting.comparisons import overlaps
from mmbench.reporting.verdicts import verdicts
from mmbench_reports.arms import JOINT, PAIR, beside, said, uniform
from mmbench_reports.formatting import interval, number, signed
from mmbench_reports.paired import BETTER, WORSE, intervals

__all__ = ["baselines", "sentences"]

_OBJECTIVE = ["dataset", "fusion", "objective", "alignment"]
_NAMED = 6


def baselines(records: pd.DataFrame, rows: pd.DataFrame, compared: pd.DataFrame) -> pd.DataFrame:
    """The mandatory baselines of one fusion a dataset, and how many weightings beat uniform ones.

    Args:
        records: as loaded.
        rows: `arms` of one fusion a dataset.
        compared: what `mmbench_reports.weightings.compared` makes of them.

    Returns:
        A row a dataset and objective that more than the main arm was tried under: `dataset`, `fusion`,
        `objective`, `alignment`, `terms`, `metric`, `single` (which modality), `single_score`,
        `joint_score`, `uniform` (the default weighting), `uniform_score` (means), `difference` of the
        last two with `low` and `high` (positive: uniform weights are better), `seeds`, `weightings`
        (compared with uniform), `better` and `worse` (of them).
    """
    table = rows.loc[~rows["main"], _OBJECTIVE].drop_duplicates()
    joint, default = _default_arms(rows)
    alone = joint.groupby(["dataset", "fusion"], as_index=False).agg(joint_score=("score", "mean"))
    means = default.groupby(_OBJECTIVE, as_index=False).agg(
        uniform=("weighting", "first"), uniform_score=("score", "mean")
    )
    for found in (
        verdicts(records)[["dataset", "metric", "single", "single_score"]],
        alone,
        means,
        intervals(default, _OBJECTIVE, "difference", overlaps(rows)),
        _counts(compared),
    ):
        on = [name for name in _OBJECTIVE if name in found]
        table = table.merge(found, on=on, how="left")
    counts = ["seeds", "weightings", "better", "worse"]
    table[counts] = table[counts].fillna(0).astype(np.int64)
    table["terms"] = said(table[["objective", "alignment"]])
    return table.sort_values(_OBJECTIVE, ignore_index=True)


def sentences(table: pd.DataFrame, compared: pd.DataFrame) -> list[str]:
    """One on each row of `baselines`: what the baselines scored, and which weightings beat uniform."""
    others = compared[compared["against_uniform"]]
    found = []
    for row in table.to_dict("records"):
        same = (others[_OBJECTIVE] == [row[name] for name in _OBJECTIVE]).all(axis=1)
        about = f"{row['dataset']}, {row['fusion']}, {row['terms']}"
        found.append(f"{about}: {_scores(row)}. {_beaten(others[same])}")
    return found


def _default_arms(rows: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The joint loss alone, and the default weighting beside it, `difference` being their distance."""
    default = uniform(rows).drop_duplicates([*_OBJECTIVE, "seed"])
    joint = default[default["objective"] == JOINT]
    default = beside(default, joint, PAIR, "score", "joint_score")
    difference = default["sign"] * (default["score"] - default["joint_score"])
    return joint, default.assign(difference=difference.where(default["objective"] != JOINT))


def _counts(compared: pd.DataFrame) -> pd.DataFrame:
    others = compared[compared["against_uniform"]]
    others = others.assign(better=others["found"] == BETTER, worse=others["found"] == WORSE)
    counts: pd.DataFrame = others.groupby(_OBJECTIVE, as_index=False).agg(
        weightings=("found", "size"), better=("better", "sum"), worse=("worse", "sum")
    )
    return counts


def _scores(row: Mapping[Any, Any]) -> str:
    """`best single modality 0.812 (zer), joint loss alone 0.881, uniform weights (equal) 0.892`."""
    scores = [
        ("best single modality", row["single_score"], row["single"]),
        ("joint loss alone", row["joint_score"], ""),
        ("uniform weights", row["uniform_score"], row["uniform"]),
    ]
    words = []
    for name, score, which in scores:
        known = np.isfinite(score)
        words.append(
            f"{name} {number(score) if known else 'not run'}{f' ({which})' if known and which else ''}"
        )
    return ", ".join(words)


def _beaten(others: pd.DataFrame) -> str:
    """Which weightings are shown to beat uniform ones, by how much and whether within noise."""
    others = others[others["seeds"] > 0].sort_values("difference", ascending=False)
    if not len(others):
        return "No other weighting is compared with uniform weights."
    better = others[others["found"] == BETTER]
    count = f"{len(better) or 'None'} of {len(others)} other weightings"
    beats = f"{count} {'is' if len(better) < 2 else 'are'} shown to beat uniform"
    if not len(better):
        return f"{beats}; the greatest mean difference is that of {_one(others.iloc[0].to_dict())}."
    named = "; ".join(map(_one, better.head(_NAMED).to_dict("records")))
    more = f"; and {len(better) - _NAMED} more" if len(better) > _NAMED else ""
    return f"{beats}: {named}{more}."


def _one(row: Mapping[Any, Any]) -> str:
    """`dwa by +0.004 [−0.012, +0.020], within the noise floor of 0.015`."""
    floor = row["noise_floor"]
    noise = ""
    if np.isfinite(floor):
        noise = (
            f", {'within' if row['within_noise'] else 'above'} the noise floor of {number(floor)}"
        )
    ends = interval(row["low"], row["high"])
    shown = f" {ends}" if np.isfinite(row["low"]) else ""
    return f"{row['weighting']} by {signed(row['difference'])}{shown}{noise}"
