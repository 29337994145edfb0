"""The cells of a grid: what every fusion scores under every objective and weighting."""

from __future__ import annotations

import pandas as pd

from mmbench.reporting.comparisons import overlaps
from mmbench_reports.arms import ARM, JOINT, SAME_TERMS, beside, uniform
from mmbench_reports.paired import found, intervals

__all__ = ["cells", "drawn"]

_CELL = ["dataset", "fusion", *ARM]


def cells(rows: pd.DataFrame) -> pd.DataFrame:
    """The mean test score of every fusion under every objective and weighting, of `arms`.

    Returns:
        A row a dataset, fusion, objective and weighting that was run: those columns, `terms` (the
        objective in words), `metric`, `sign`, `default` (the weighting is the default one), `score`
        (mean), `finished` and `asked` (seeds), `failed`, `skipped`, `difference` to the default weighting
        with the same fusion and objective, paired over `seeds`, with `low` and `high` (positive: better
        than it) and `found`, what it shows.
    """
    rows = beside(rows, uniform(rows), SAME_TERMS, "score", "uniform_score")
    difference = rows["sign"] * (rows["score"] - rows["uniform_score"])
    rows["difference"] = difference.where(~rows["default"])
    table = intervals(rows, _CELL, "difference", overlaps(rows))
    means = (
        rows.assign(failed=rows["status"] == "failed", skipped=rows["status"] == "skipped")
        .groupby(_CELL, as_index=False)
        .agg(
            terms=("terms", "first"),
            metric=("primary_metric", "first"),
            sign=("sign", "first"),
            default=("default", "first"),
            score=("score", "mean"),
            finished=("ok", "sum"),
            asked=("seed", "nunique"),
            failed=("failed", "sum"),
            skipped=("skipped", "sum"),
        )
    )
    table = means.merge(table, on=_CELL)
    table["found"] = found(table["low"], table["high"], table["seeds"])
    return table


def drawn(table: pd.DataFrame) -> pd.DataFrame:
    """Of `cells`, a dataset's objective with the most weightings, and the joint loss alone beside it.

    Only datasets on which at least two fusions ran under at least two weightings are in it. The column
    `column` names the weighting, and the objective where it is another.
    """
    sizes = table.groupby(["dataset", "terms"], as_index=False).agg(
        weightings=("weighting", "nunique"), fusions=("fusion", "nunique")
    )
    sizes = sizes[(sizes["weightings"] > 1) & (sizes["fusions"] > 1)]
    sizes = sizes.sort_values("weightings", ascending=False, kind="stable")
    chosen = sizes.drop_duplicates("dataset").set_index("dataset")["terms"]
    main = table["dataset"].map(chosen)
    same = table["terms"] == main
    there = same.groupby([table["dataset"], table["fusion"]]).transform("any")
    kept = table[same | (there & (table["objective"] == JOINT) & table["default"])]
    other = kept["terms"] != main[kept.index]
    names = kept["weighting"] + (", " + kept["terms"]).where(other, "")
    return kept.assign(column=names, other=other)
