"""Which records may be compared with which.

Comparisons are paired: same dataset, split, encoders, objective, weighting, sampler, budget and device;
only the thing that is compared differs. A results folder may hold several such settings of one dataset.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from mmbench.jobs import AGAIN
from mmbench.statistics import Floats

__all__ = [
    "CONDITION",
    "FUSED",
    "main_rows",
    "matrix",
    "noise_floors",
    "overlaps",
    "prepared",
]

FUSED = ("", "control", "default")
"""Roles of the fusions that compete; the other roles are what they are measured against."""
SETTING = [
    *("objective", "alignment", "lambdas", "weighting", "sampler"),
    *("budget", "match_params", "device", "precision", "mode"),
]
INPUTS = ["modalities", "encoders"]
_ROLES = ["fusion_role", "weighting_role", "sampler_role"]
CONDITION = ["dataset", *INPUTS, "fusion", *SETTING]
"""What a repetition over seeds keeps fixed."""

_TEXT = (
    *CONDITION,
    *("job", *_ROLES, "status", "phase", "error", "task", "split_hash", "primary_metric"),
    "hyperparameters",
)
_NUMBERS = (
    *("score", "validation_score", "params", "train_seconds", "n_train", "n_test", "epochs_run"),
    *("latency_b1_median_ms", "latency_b1_p90_ms", "latency_b1_samples"),
    *("latency_b64_median_ms", "throughput_b64", "latency_peak_memory_mb", "peak_memory_mb"),
    *("backward_passes", "batch_seconds"),
)
_CONTROLS = ("control", "default", "prior", "unimodal", "shuffled", "again")


def prepared(records: pd.DataFrame) -> pd.DataFrame:
    """The records with every column a section reads, and one row a condition and seed.

    A column that is missing is filled with "" or NaN. Of several records of one condition and seed
    (the code or the data changed in between) the last counts. Two columns are added: `ok`, whether
    there is a score, and `sign`, +1 where a greater score is better and −1 elsewhere.
    """
    frame = records.reset_index(drop=True).copy()
    if "status" not in frame:
        frame["status"] = "ok"
    for name in _TEXT:
        frame[name] = frame[name].astype(str).mask(frame[name].isna(), "") if name in frame else ""
    for name in _NUMBERS:
        values = pd.to_numeric(frame[name], errors="coerce") if name in frame else np.nan
        numbers = pd.Series(values, index=frame.index, dtype=np.float64)
        frame[name] = numbers.where(np.isfinite(numbers))
    frame["seed"] = frame.get("seed", 0)
    frame["ok"] = (frame["status"] == "ok") & frame["score"].notna()
    frame["sign"] = _signs(frame)
    metric = frame["primary_metric"].where(frame["primary_metric"] != "")
    frame["primary_metric"] = metric.groupby(frame["dataset"]).transform("first").fillna("score")
    latest: pd.DataFrame = frame.drop_duplicates([*CONDITION, "seed"], keep="last")
    return latest


def main_rows(frame: pd.DataFrame, free: Sequence[str] = ()) -> pd.DataFrame:
    """Of prepared records, those of each dataset's main setting and inputs.

    The main setting is the one the default weighting, the default sampler and most controls are in;
    where that does not decide, the one with the most records, the fewest terms, or that came first.
    Single modalities and the prior count where their inputs are part of the main ones.

    Args:
        frame: prepared records.
        free: columns of the setting that may differ from the main one.
    """
    # Records are wide, and copies of them slow: what decides is looked at alone.
    keys = frame[["dataset", *INPUTS, *SETTING, *_ROLES]]
    setting = _of_main(keys, SETTING)
    fused = setting[setting["fusion_role"].isin(FUSED)]
    whole = _of_main(fused if len(fused) else setting, INPUTS)
    rows = _of_main(keys, SETTING, free) if free else setting
    main = whole.drop_duplicates("dataset").set_index("dataset")[INPUTS]
    expected = main.reindex(rows["dataset"]).fillna("").set_index(rows.index)
    same = (rows[INPUTS] == expected).all(axis=1)
    partial = rows["fusion_role"].isin(("unimodal", "prior")) & ~same
    within = [
        _is_part(part, of, "+") and _is_part(encoders, of_encoders, ",")
        for part, encoders, of, of_encoders in zip(
            *(rows.loc[partial, name] for name in INPUTS),
            *(expected.loc[partial, name] for name in INPUTS),
            strict=True,
        )
    ]
    same.loc[partial] = np.asarray(within, dtype=np.bool_)
    main_ones: pd.DataFrame = frame.loc[same[same].index]
    return main_ones


def matrix(rows: pd.DataFrame, by: list[str], value: str = "score") -> pd.DataFrame:
    """`(conditions, seeds)`: a value of the rows that are ok, NaN where a condition has none."""
    finished = rows[rows["ok"]]
    wide: pd.DataFrame = finished.pivot_table(
        index=by, columns="seed", values=value, aggfunc="last", sort=True
    )
    return wide


def overlaps(rows: pd.DataFrame) -> pd.Series[float]:
    """Per dataset n_test / n_train, NaN where the records do not say."""
    ratio = rows["n_test"] / rows["n_train"].where(rows["n_train"] > 0)
    median: pd.Series[float] = ratio.groupby(rows["dataset"]).median()
    return median


def noise_floors(rows: pd.DataFrame) -> pd.Series[float]:
    """Per dataset the root mean square of the A/A differences of test scores."""
    again = rows[(rows["fusion_role"] == "again") & rows["ok"]]
    first = rows[rows["fusion_role"].isin(FUSED) & rows["ok"]]
    again = again.assign(fusion=again["fusion"].str.removesuffix(AGAIN))
    pairs = first.merge(again, on=[*CONDITION, "seed"], suffixes=("", "_again"))
    squares: pd.Series[float] = (pairs["score"] - pairs["score_again"]) ** 2
    mean: pd.Series[float] = squares.groupby(pairs["dataset"]).mean()
    return mean.pow(0.5)


def _signs(frame: pd.DataFrame) -> Floats:
    if "greater_is_better" not in frame:
        return np.ones(len(frame))
    signs = frame["greater_is_better"].astype(object).map({True: 1.0, False: -1.0})
    known = signs.astype(np.float64).groupby(frame["dataset"]).transform("first")
    return known.fillna(1.0).to_numpy(dtype=np.float64)


def _of_main(frame: pd.DataFrame, keys: list[str], free: Sequence[str] = ()) -> pd.DataFrame:
    """The rows whose `keys`, the free ones apart, have the values that are their dataset's main ones."""
    marked = frame.assign(
        default=frame["weighting_role"] == "default",
        sampled=frame["sampler_role"] == "default",
        controls=frame["fusion_role"].isin(_CONTROLS),
        terms=frame["objective"].str.count(r"\+"),
        position=np.arange(len(frame)),
    )
    groups = marked.groupby(["dataset", *keys], sort=False).agg(
        default=("default", "any"),
        sampled=("sampled", "any"),
        controls=("controls", "sum"),
        total=("position", "size"),
        terms=("terms", "min"),
        position=("position", "min"),
    )
    order = ["default", "sampled", "controls", "total", "terms", "position"]
    ascending = [False, False, False, False, True, True]
    ordered = groups.reset_index().sort_values(order, ascending=ascending)
    kept = ["dataset", *(key for key in keys if key not in free)]
    main = ordered.drop_duplicates("dataset")[kept].assign(main=True)
    same = frame[kept].merge(main, on=kept, how="left")["main"].notna()
    rows: pd.DataFrame = frame[same.to_numpy()]
    return rows


def _is_part(part: str, whole: str, separator: str) -> bool:
    """Whether the joined names of `part`, none for the prior, stand in those of `whole`."""
    return not part or f"{separator}{part}{separator}" in f"{separator}{whole}{separator}"
