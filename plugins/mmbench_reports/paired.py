"""Differences paired over seeds, with their intervals."""

from __future__ import annotations

import numpy as np
import pandas as pd

from mmbench.reporting.comparisons import noise_floors, overlaps
from mmbench.statistics import mean_interval

__all__ = ["BETTER", "NO_DIFFERENCE", "ONE_SEED", "WORSE", "against_baseline", "found", "intervals"]

BETTER, WORSE, NO_DIFFERENCE = "better", "worse", "no difference shown"
ONE_SEED = "one seed, no interval"


def intervals(
    rows: pd.DataFrame, by: list[str], value: str, overlap: pd.Series[float]
) -> pd.DataFrame:
    """The mean over seeds of a value, with its corrected resampled t interval.

    Args:
        rows: have the columns `by`, of which the first is `dataset`, `seed` and `value`.
        by: what a repetition over seeds keeps fixed.
        value: a column of numbers; a NaN is left out.
        overlap: n_test / n_train by dataset.

    Returns:
        A row a combination of `by` that occurs: `by`, `value`, `low`, `high`, `seeds`.
    """
    wide = rows.groupby([*by, "seed"])[value].last().unstack("seed")
    ratio = overlap.reindex(wide.index.get_level_values("dataset")).to_numpy(dtype=np.float64)
    mean = mean_interval(wide.to_numpy(dtype=np.float64), ratio)
    table = wide.index.to_frame(index=False)
    table[value], table["low"], table["high"], table["seeds"] = (
        mean.mean,
        mean.low,
        mean.high,
        mean.n,
    )
    return table


def found(low: pd.Series[float], high: pd.Series[float], seeds: pd.Series[int]) -> list[str]:
    """What the interval of a difference shows, in words."""
    conditions = [low > 0, high < 0, seeds == 0, seeds == 1]
    words = [BETTER, WORSE, "–", ONE_SEED]
    return [str(word) for word in np.select(conditions, words, NO_DIFFERENCE)]


def against_baseline(rows: pd.DataFrame, by: list[str], main: pd.DataFrame) -> pd.DataFrame:
    """Compare test scores with those of a baseline.

    Args:
        rows: prepared records with a column `baseline_score`, NaN where there is none.
        by: what a repetition over seeds keeps fixed; the first is `dataset`.
        main: the rows of the main setting, for the overlap of the splits and the noise floor.

    Returns:
        A row a combination of `by`: `by`, `score`, `baseline_score` (means), `difference`, `low`,
        `high` (positive: better than the baseline), `seeds`, `noise_floor`, `within_noise`, `failed`,
        `found`.
    """
    rows = rows.assign(
        difference=rows["sign"] * (rows["score"] - rows["baseline_score"]),
        baseline_score=rows["baseline_score"].where(rows["score"].notna()),
        failed=rows["status"] == "failed",
    )
    table = intervals(rows, by, "difference", overlaps(main))
    means = rows.groupby(by, as_index=False).agg(
        score=("score", "mean"), baseline_score=("baseline_score", "mean"), failed=("failed", "sum")
    )
    table = table.merge(means, on=by)
    table["noise_floor"] = noise_floors(main).reindex(table["dataset"]).to_numpy(dtype=np.float64)
    table["within_noise"] = table["difference"].abs() <= table["noise_floor"]
    table["found"] = found(table["low"], table["high"], table["seeds"])
    return table
