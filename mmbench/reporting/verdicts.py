"""Does fusing beat the best single modality? One answer a dataset, with an interval."""

from __future__ import annotations

import numpy as np
import pandas as pd

from mmbench.reporting.comparisons import FUSED, main_rows, noise_floors, overlaps, prepared
from mmbench.statistics import mean_interval

__all__ = ["CANNOT_SAY", "HELPS", "HURTS", "NO_DIFFERENCE", "ONE_SEED", "headline", "verdicts"]

HELPS = "fusion helps"
HURTS = "fusion hurts"
NO_DIFFERENCE = "no difference shown"
ONE_SEED = "one seed, no interval"
CANNOT_SAY = "cannot say"


def verdicts(records: pd.DataFrame, confidence: float = 0.95) -> pd.DataFrame:
    """Compare, per dataset, the best fusion with the best single modality.

    Both are chosen in each seed by their validation score; the difference of their test scores is
    then paired over seeds. A positive difference means that fusion is better, whatever the metric's
    direction.

    Returns:
        A row a dataset, sorted by name: `dataset`, `metric`, `single` and `fusion` (which were
        chosen, and in how many seeds), `single_score`, `fusion_score`, `prior_score` (mean test
        scores; the last of the majority or mean predictor), `difference`, `low`, `high`, `seeds`,
        `noise_floor`, `within_noise`, `verdict`, `failed`, `jobs` and `note` (what is missing and
        how to get it).

    """
    frame = prepared(records)
    rows = main_rows(frame)
    single = _chosen(rows[rows["fusion_role"] == "unimodal"])
    fused = _chosen(rows[rows["fusion_role"].isin(FUSED)])
    pairs = fused.merge(single, on=["dataset", "seed"], suffixes=("", "_single"))
    pairs["difference"] = pairs["sign"] * (pairs["score"] - pairs["score_single"])
    table = pd.DataFrame(index=pd.Index(sorted(frame["dataset"].unique()), name="dataset"))
    table["metric"] = frame.groupby("dataset")["primary_metric"].first()
    table["single"] = _tally(pairs if len(pairs) else single, "fusion_single")
    table["fusion"] = _tally(pairs, "fusion")
    table["single_score"] = pairs.groupby("dataset")["score_single"].mean()
    table["fusion_score"] = pairs.groupby("dataset")["score"].mean()
    prior = rows[(rows["fusion_role"] == "prior") & rows["ok"]]
    table["prior_score"] = prior.groupby("dataset")["score"].mean()
    _add_interval(table, pairs, overlaps(rows), confidence)
    table["noise_floor"] = noise_floors(rows)
    table["within_noise"] = table["difference"].abs() <= table["noise_floor"]
    table["failed"] = (frame["status"] == "failed").groupby(frame["dataset"]).sum()
    table["jobs"] = frame.groupby("dataset").size()
    table["verdict"] = _words(table)
    table["note"] = _notes(table, rows, single, fused)
    result: pd.DataFrame = table.reset_index()
    return result


def headline(table: pd.DataFrame) -> str:
    """One sentence on what `verdicts` found."""
    decided = table[~table["verdict"].isin((CANNOT_SAY, ONE_SEED))]
    if not len(decided):
        if (table["verdict"] == ONE_SEED).any():
            return "No verdict yet: an interval needs at least two seeds"
        return "No verdict yet: it takes results of a fusion and of single modalities"
    helps = decided[decided["verdict"] == HELPS]
    hurts = int((decided["verdict"] == HURTS).sum())
    total = len(decided)
    datasets = "dataset" if total == 1 else "datasets"
    sentence = f"Fusion beats the best single modality on {len(helps)} of {total} {datasets}"
    noisy = int(helps["within_noise"].sum())
    if noisy:
        sentence += f" ({noisy} within the noise of a repeated run)"
    return f"{sentence} and loses on {hurts}" if hurts else sentence


def _chosen(rows: pd.DataFrame) -> pd.DataFrame:
    """The row of each dataset and seed with the best validation score; ties go by name."""
    usable = rows[rows["ok"] & rows["validation_score"].notna()]
    oriented = usable.assign(oriented=usable["sign"] * usable["validation_score"])
    ordered = oriented.sort_values(
        ["dataset", "seed", "oriented", "fusion"], ascending=[True, True, False, True]
    )
    columns = ["dataset", "seed", "fusion", "score", "sign"]
    best: pd.DataFrame = ordered.drop_duplicates(["dataset", "seed"])[columns]
    return best


def _add_interval(
    table: pd.DataFrame, pairs: pd.DataFrame, overlap: pd.Series[float], confidence: float
) -> None:
    by_seed = pairs.pivot(index="dataset", columns="seed", values="difference")
    by_seed = by_seed.reindex(table.index)
    ratio = overlap.reindex(table.index).to_numpy(dtype=np.float64)
    interval = mean_interval(by_seed.to_numpy(dtype=np.float64), ratio, confidence)
    table["difference"], table["low"], table["high"] = interval.mean, interval.low, interval.high
    table["seeds"] = interval.n


def _words(table: pd.DataFrame) -> list[str]:
    conditions = [
        table["seeds"] == 0,
        table["seeds"] == 1,
        table["low"] > 0,
        table["high"] < 0,
        table["low"].isna(),
    ]
    words = [CANNOT_SAY, ONE_SEED, HELPS, HURTS, CANNOT_SAY]
    return [str(word) for word in np.select(conditions, words, NO_DIFFERENCE)]


def _tally(chosen: pd.DataFrame, column: str) -> pd.Series[str]:
    """What was chosen per dataset, as `gated 2/3, concat 1/3`: in how many of its seeds."""
    if column not in chosen:
        return pd.Series(dtype=object)
    counts = chosen.groupby(["dataset", column]).size().rename("count").reset_index()
    counts = counts.sort_values(["count", column], ascending=[False, True])
    total = counts.groupby("dataset")["count"].transform("sum")
    many = counts["count"].astype(str) + "/" + total.astype(str)
    counts["text"] = counts[column] + np.where(total > 1, " " + many, "")
    tally: pd.Series[str] = counts.groupby("dataset")["text"].agg(", ".join)
    return tally


def _notes(
    table: pd.DataFrame, rows: pd.DataFrame, single: pd.DataFrame, fused: pd.DataFrame
) -> list[str]:
    has_single, has_fused = set(single["dataset"]), set(fused["dataset"])
    signs = rows.groupby("dataset")["sign"].first().reindex(table.index).fillna(1.0)
    beaten = signs * (table["fusion_score"] - table["prior_score"]) <= 0
    notes = []
    for (dataset, row), no_better in zip(table.iterrows(), beaten, strict=True):
        parts = []
        if dataset not in has_single:
            parts.append("no single modality finished: run with `--controls`")
        if dataset not in has_fused:
            parts.append("no fusion finished")
        if row["seeds"] == 1:
            parts.append("an interval needs at least two seeds")
        if row["seeds"] > 1 and np.isnan(row["low"]):
            parts.append("no interval: the records lack n_train and n_test")
        if np.isnan(row["noise_floor"]):
            parts.append("no A/A arm: run with `--controls`")
        if no_better:
            parts.append("no better than the majority or mean predictor")
        notes.append("; ".join(parts))
    return notes
