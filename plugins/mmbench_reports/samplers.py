"""Samplers against the main one: whether it matters which samples an epoch visits."""

from __future__ import annotations

import pandas as pd

from mmbench.artifacts import Artifact, Table, Text
from mmbench.reporting.comparisons import main_rows, prepared
from mmbench_reports.arms import ARM, PAIR, arms, beside
from mmbench_reports.formatting import each, interval, number, signed
from mmbench_reports.paired import BETTER, WORSE, against_baseline

__all__ = ["compared", "section"]

_ROW = ["dataset", "fusion", *ARM, "terms", "sampler", "against"]


def compared(records: pd.DataFrame) -> pd.DataFrame:
    """Compare each sampler with the main one, per fusion, objective and weighting, paired over seeds.

    Returns:
        A row a dataset, fusion, objective, weighting and sampler other than the main one: those columns,
        `terms` (the objective in words), `against` (the main sampler), and what `against_baseline`
        gives.
    """
    frame = prepared(records)
    main = main_rows(frame)
    rows = arms(frame, ["sampler"])
    usual = main.drop_duplicates("dataset").set_index("dataset")["sampler"]
    rows["against"] = rows["dataset"].map(usual)
    same = rows["sampler"] == rows["against"]
    others = beside(rows[~same], rows[same], [*PAIR, *ARM], "score", "baseline_score")
    return against_baseline(others, _ROW, main)


def section(records: pd.DataFrame) -> list[Artifact]:
    """A sentence and a row a comparison."""
    table = compared(records)
    if not len(table):
        return [Text("All jobs share one sampler: there is nothing to compare.")]
    decided = int((table["seeds"] > 1).sum())
    better, worse = (int((table["found"] == word).sum()) for word in (BETTER, WORSE))
    text = (
        f"Of {decided} comparisons of a sampler with the main one, {better} show an improvement and "
        f"{worse} a loss. If nothing mattered, about {0.05 * decided:.1f} of them would be expected to "
        "show a difference at 95 %."
    )
    shown = pd.DataFrame(
        {
            "dataset": table["dataset"],
            "fusion": table["fusion"],
            "objective": table["terms"],
            "weighting": table["weighting"],
            "sampler": table["sampler"],
            "against": table["against"],
            "shows": table["found"],
            "score": each(number, table["score"]),
            "difference": each(signed, table["difference"]),
            "95 % interval": each(interval, table["low"], table["high"]),
            "noise floor": each(number, table["noise_floor"]),
            "seeds": table["seeds"],
        }
    )
    caption = "Test score less that under the main sampler, paired over seeds. Positive: better."
    return [Text(text), Table("samplers", caption, table, shown)]
