"""How well every method does on every dataset, and fusions over all of them."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd

from mmbench.reporting.comparisons import FUSED, main_rows, matrix, overlaps, prepared
from mmbench.statistics import Floats, average_ranks, mean_interval, paired_difference

__all__ = ["overall", "standings"]


def standings(records: pd.DataFrame) -> pd.DataFrame:
    """Every fusion, single modality and prior on every dataset it was tried on.

    Returns:
        A row a dataset and method, best first: `dataset`, `metric`, `fusion`, `role`, `rank` (NaN
        for what is not a fusion), `score`, `low`, `high`, `against_first` with `against_first_low`
        and `against_first_high` (difference to the first fusion, paired, positive: better), `seeds`
        (it finished), `complete` (whether no method of the dataset finished more), `failed`,
        `params`, `train_seconds`, `latency_ms` (medians over seeds), `sign`.
    """
    rows = main_rows(prepared(records))
    rows = rows[rows["fusion_role"].isin((*FUSED, "unimodal", "prior"))]
    rows = rows[rows["status"] != "skipped"]
    table = _per_method(rows)
    keys = pd.MultiIndex.from_frame(table[["dataset", "fusion"]])
    values = matrix(rows, ["dataset", "fusion"]).reindex(keys).to_numpy(dtype=np.float64)
    ratio = overlaps(rows).reindex(table["dataset"]).to_numpy(dtype=np.float64)
    found = mean_interval(values, ratio)
    table["score"], table["low"], table["high"] = found.mean, found.low, found.high
    table["seeds"] = found.n
    table["complete"] = table["seeds"] == table.groupby("dataset")["seeds"].transform("max")
    oriented = _oriented(table)
    fused = table["role"].isin(FUSED)
    table["rank"] = oriented[fused].groupby(table["dataset"]).rank(ascending=False)
    _add_distance_to_first(table, values * table[["sign"]].to_numpy(), ratio)
    order = table.assign(oriented=oriented).sort_values(
        ["dataset", "oriented", "fusion"], ascending=[True, False, True]
    )
    ordered: pd.DataFrame = table.loc[order.index].reset_index(drop=True)
    return ordered


def overall(table: pd.DataFrame) -> pd.DataFrame:
    """Fusions by their average rank over datasets.

    Args:
        table: what `standings` gives.

    Returns:
        A row a fusion, best first: `fusion`, `average_rank`, `datasets` (it was tried on),
        `incomplete` (of them, those where it lacks seeds), `failed`, `params` and `latency_ms`
        (medians over datasets), `train_seconds` (of one job, summed over datasets), and its mean
        test score on each dataset as `score:<dataset>`.
    """
    fused = table[table["role"].isin(FUSED)]
    wide = fused.assign(oriented=_oriented(fused))
    wide = wide.pivot(index="fusion", columns="dataset", values="oriented")
    result = (
        fused.assign(incomplete=~fused["complete"])
        .groupby("fusion")
        .agg(
            datasets=("dataset", "size"),
            incomplete=("incomplete", "sum"),
            failed=("failed", "sum"),
            params=("params", "median"),
            train_seconds=("train_seconds", lambda seconds: seconds.sum(min_count=1)),
            latency_ms=("latency_ms", "median"),
        )
        .reindex(wide.index)
    )
    result.insert(0, "average_rank", average_ranks(wide.to_numpy(dtype=np.float64)))
    scores = fused.pivot(index="fusion", columns="dataset", values="score").add_prefix("score:")
    joined = result.join(scores).reset_index()
    ordered: pd.DataFrame = joined.sort_values(["average_rank", "fusion"], ignore_index=True)
    return ordered


def _per_method(rows: pd.DataFrame) -> pd.DataFrame:
    table: pd.DataFrame = (
        rows.assign(failed=rows["status"] == "failed")
        .groupby(["dataset", "fusion"], as_index=False)
        .agg(
            metric=("primary_metric", "first"),
            role=("fusion_role", "first"),
            sign=("sign", "first"),
            params=("params", "median"),
            train_seconds=("train_seconds", "median"),
            latency_ms=("latency_b1_median_ms", "median"),
            failed=("failed", "sum"),
        )
    )
    return table


def _oriented(table: pd.DataFrame) -> pd.Series[float]:
    """Scores of which the greater is the better; −∞ for a method that finished on no seed."""
    oriented: pd.Series[float] = (table["sign"] * table["score"]).where(table["seeds"] > 0, -np.inf)
    return oriented


def _add_distance_to_first(table: pd.DataFrame, oriented: Floats, ratio: npt.ArrayLike) -> None:
    """Compare each method with the dataset's first fusion; `oriented` is `(methods, seeds)`."""
    first = table.index[table["rank"].notna()]
    first = table.loc[first].sort_values(["rank", "fusion"]).drop_duplicates("dataset").index
    position = pd.Series(first, index=table.loc[first, "dataset"]).reindex(table["dataset"])
    has_first = position.notna().to_numpy()
    reference = np.full_like(oriented, np.nan)
    reference[has_first] = oriented[position[has_first].to_numpy(dtype=np.int64)]
    found = paired_difference(oriented, reference, ratio)
    table["against_first"] = found.mean
    table["against_first_low"], table["against_first_high"] = found.low, found.high
