"""Loss weightings and objectives, each against the default one."""

from __future__ import annotations

import numpy as np
import pandas as pd

from mmbench.artifacts import Artifact, Table, Text
from mmbench.reporting.comparisons import FUSED, main_rows, noise_floors, overlaps, prepared
from mmbench.statistics import mean_interval
from mmbench_reports.formatting import each, interval, number, signed

__all__ = ["compared", "section"]

BETTER, WORSE, NO_DIFFERENCE = "better", "worse", "no difference shown"
_SAME = ["dataset", "modalities", "encoders", "fusion", "budget", "device"]
_TERMS = ["objective", "alignment", "lambdas"]
_ROW = [*_SAME, *_TERMS, "weighting", "against"]


def compared(records: pd.DataFrame) -> pd.DataFrame:
    """Compare each objective and weighting with its baseline, per fusion and paired over seeds.

    The baseline of a weighting is the default weighting with the same objective, where that was
    run; that of the default weighting with more terms is the main objective.

    Returns:
        A row a dataset, fusion, objective and weighting other than the main ones: those columns,
        `against` (the baseline), `score`, `baseline_score`, `difference`, `low`, `high` (positive:
        better than the baseline), `seeds`, `noise_floor`, `within_noise`, `failed`, `found`.
    """
    frame = prepared(records)
    main = main_rows(frame)
    rows = _with_baseline(frame[frame["fusion_role"].isin(FUSED)], main)
    groups = rows.groupby(_ROW, sort=True)
    table: pd.DataFrame = groups.agg(
        score=("score", "mean"), baseline_score=("baseline", "mean")
    ).reset_index()
    rows["difference"] = rows["sign"] * (rows["score"] - rows["baseline"])
    wide = rows.pivot_table(index=_ROW, columns="seed", values="difference", aggfunc="last")
    wide = wide.reindex(pd.MultiIndex.from_frame(table[_ROW]))
    ratio = overlaps(frame).reindex(table["dataset"]).to_numpy(dtype=np.float64)
    found = mean_interval(wide.to_numpy(dtype=np.float64), ratio)
    table["difference"], table["low"], table["high"] = found.mean, found.low, found.high
    table["seeds"] = found.n
    table["noise_floor"] = noise_floors(main).reindex(table["dataset"]).to_numpy(dtype=np.float64)
    table["within_noise"] = table["difference"].abs() <= table["noise_floor"]
    table["failed"] = (
        groups["status"].agg(lambda status: int((status == "failed").sum())).to_numpy()
    )
    conditions = [table["low"] > 0, table["high"] < 0, table["seeds"] == 0, table["seeds"] == 1]
    words = [BETTER, WORSE, "–", "one seed, no interval"]
    table["found"] = np.select(conditions, words, NO_DIFFERENCE).astype(str)
    return table


def section(records: pd.DataFrame) -> list[Artifact]:
    """A summary by weighting, and every comparison."""
    table = compared(records)
    if not len(table):
        return [
            Text("All jobs share one objective and one weighting: there is nothing to compare.")
        ]
    decided = int((table["seeds"] > 1).sum())
    better = int((table["found"] == BETTER).sum())
    worse = int((table["found"] == WORSE).sum())
    text = (
        f"Of {decided} comparisons, {better} show an improvement over the baseline and {worse} a "
        f"loss. If nothing mattered, about {0.05 * decided:.1f} of them would be expected to show "
        "a difference at 95 %."
    )
    return [Text(text), _summary(table), _details(table)]


def _with_baseline(fused: pd.DataFrame, main: pd.DataFrame) -> pd.DataFrame:
    """The fused rows outside the main setting, each with the score of its baseline in that seed."""
    setting = main.drop_duplicates("dataset")[["dataset", *_TERMS, "weighting"]]
    rows = fused.merge(setting, on="dataset", suffixes=("", "_main"))
    same_terms = (rows[_TERMS] == rows[[f"{name}_main" for name in _TERMS]].to_numpy()).all(axis=1)
    same_weighting = rows["weighting"] == rows["weighting_main"]
    scored = [*_SAME, "seed", "score"]
    joint = rows.loc[same_terms & same_weighting & rows["ok"], scored]
    joint = joint.rename(columns={"score": "joint_score"})
    # A table of λ belongs to the weighting that reads it, so the baseline need not have the same.
    terms = ["objective", "alignment"]
    default = rows.loc[same_weighting & rows["ok"], [*scored, *terms]]
    default = default.rename(columns={"score": "default_score"}).drop_duplicates(
        [*_SAME, *terms, "seed"]
    )
    others: pd.DataFrame = rows[~(same_terms & same_weighting)]
    others = others.merge(joint, on=[*_SAME, "seed"], how="left")
    others = others.merge(default, on=[*_SAME, *terms, "seed"], how="left")
    group = [others[name] for name in (*_SAME, *_TERMS, "weighting")]
    ran = others["default_score"].notna().groupby(group).transform("any")
    by_default = (others["weighting"] != others["weighting_main"]) & ran.astype(bool)
    baseline = others["default_score"].where(by_default, others["joint_score"])
    others["baseline"] = baseline.where(others["score"].notna())
    objective = others["objective"].where(by_default, others["objective_main"])
    others["against"] = objective + ", " + others["weighting_main"]
    return others


def _summary(table: pd.DataFrame) -> Table:
    counts = (
        table.assign(
            better=table["found"] == BETTER,
            no_difference=table["found"] == NO_DIFFERENCE,
            worse=table["found"] == WORSE,
            within_noise=table["within_noise"] & (table["seeds"] > 0),
        )
        .groupby(["weighting", "objective", "against"], as_index=False)
        .agg(
            comparisons=("seeds", lambda seeds: int((seeds > 1).sum())),
            better=("better", "sum"),
            no_difference=("no_difference", "sum"),
            worse=("worse", "sum"),
            within_noise=("within_noise", "sum"),
            failed=("failed", "sum"),
        )
        .sort_values(
            ["better", "worse", "weighting"], ascending=[False, True, True], ignore_index=True
        )
    )
    shown = counts.rename(columns={"no_difference": NO_DIFFERENCE, "within_noise": "within noise"})
    caption = (
        "Weightings against their baseline: comparisons (datasets × fusions) by what they show."
    )
    return Table("weightings-summary", caption, counts, shown)


def _details(table: pd.DataFrame) -> Table:
    against = [
        baseline.removeprefix(f"{objective}, ")
        for baseline, objective in zip(table["against"], table["objective"], strict=True)
    ]
    shown = pd.DataFrame(
        {
            "dataset": table["dataset"],
            "fusion": table["fusion"],
            "objective": table["objective"],
            "weighting": table["weighting"],
            "against": against,
            "shows": table["found"],
            "difference": each(signed, table["difference"]),
            "95 % interval": each(interval, table["low"], table["high"]),
            "noise floor": each(number, table["noise_floor"]),
            "seeds": table["seeds"],
        }
    )
    caption = "Test score less that of the baseline, paired over seeds. Positive: better than it."
    return Table("weightings", caption, table, shown)
