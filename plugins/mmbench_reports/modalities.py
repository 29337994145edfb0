"""Is each modality used? What is lost when one is shuffled across samples."""

from __future__ import annotations

import numpy as np
import pandas as pd

from mmbench.artifacts import Artifact, Table, Text
from mmbench.reporting.comparisons import main_rows, matrix, noise_floors, overlaps, prepared
from mmbench.statistics import paired_difference
from mmbench_reports.formatting import each, interval, number, signed

__all__ = ["section", "usage"]

_WORDS = ["used", "hurts", "one seed, no interval", "no use shown"]


def usage(records: pd.DataFrame) -> pd.DataFrame:
    """Compare the default fusion with itself when one modality is shuffled.

    Returns:
        A row a dataset and modality: `dataset`, `modality`, `intact` and `shuffled` (mean test
        scores), `difference`, `low`, `high` (positive: the modality is of use), `seeds`,
        `noise_floor`, `used`.
    """
    rows = main_rows(prepared(records))
    shuffled = rows[(rows["fusion_role"] == "shuffled") & rows["ok"]]
    scores = matrix(shuffled, ["dataset", "fusion"])
    default = rows[rows["fusion_role"] == "default"].sort_values("fusion")
    default = default[default["fusion"] == default.groupby("dataset")["fusion"].transform("first")]
    datasets = scores.index.get_level_values("dataset")
    intact = matrix(default, ["dataset"]).reindex(index=datasets, columns=scores.columns)
    sign = rows.groupby("dataset")["sign"].first().reindex(datasets).to_numpy(dtype=np.float64)
    ratio = overlaps(rows).reindex(datasets).to_numpy(dtype=np.float64)
    first, second = intact.to_numpy(dtype=np.float64), scores.to_numpy(dtype=np.float64)
    found = paired_difference(first * sign[:, None], second * sign[:, None], ratio)
    both = ~np.isnan(first) & ~np.isnan(second)
    arms = scores.index.get_level_values("fusion").to_series()
    table = pd.DataFrame(
        {
            "dataset": datasets,
            "modality": arms.str.extract(r":([^\[]+)", expand=False).fillna(arms).to_numpy(),
            "intact": pd.DataFrame(np.where(both, first, np.nan)).mean(axis=1),
            "shuffled": pd.DataFrame(np.where(both, second, np.nan)).mean(axis=1),
            "difference": found.mean,
            "low": found.low,
            "high": found.high,
            "seeds": found.n,
            "noise_floor": noise_floors(rows).reindex(datasets).to_numpy(dtype=np.float64),
        }
    )
    conditions = [table["low"] > 0, table["high"] < 0, table["seeds"] == 1]
    table["used"] = np.select(conditions, _WORDS[:3], _WORDS[3]).astype(str)
    paired: pd.DataFrame = table[table["seeds"] > 0].reset_index(drop=True)
    return paired


def section(records: pd.DataFrame) -> list[Artifact]:
    """One table with a row a dataset and modality."""
    table = usage(records)
    if not len(table):
        return [
            Text(
                "There is no pair of the default fusion and a shuffled modality to compare. "
                "Run with `--controls`."
            )
        ]
    shown = pd.DataFrame(
        {
            "dataset": table["dataset"].where(~table["dataset"].duplicated(), ""),
            "modality": table["modality"],
            "used?": table["used"],
            "difference": each(signed, table["difference"]),
            "95 % interval": each(interval, table["low"], table["high"]),
            "noise floor": each(number, table["noise_floor"]),
            "intact": each(number, table["intact"]),
            "shuffled": each(number, table["shuffled"]),
            "seeds": table["seeds"],
        }
    )
    caption = (
        "Test score of the default fusion less that of the same fusion with one modality shuffled "
        "across samples, paired over seeds. Above 0: the modality carries something that the "
        "others do not."
    )
    return [Table("modalities", caption, table, shown)]
