"""The arms of the joint loss: objective and weighting, with all else as in the main setting."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from mmbench.reporting.comparisons import FUSED, main_rows

__all__ = [
    "ARM",
    "JOINT",
    "PAIR",
    "SAME_TERMS",
    "TERMS",
    "arms",
    "beside",
    "focus",
    "modality_of",
    "named",
    "said",
    "uniform",
]

JOINT = "joint"
"""The objective of the fused task loss alone."""
TERMS = ["objective", "alignment", "lambdas"]
ARM = [*TERMS, "weighting"]
PAIR = ["dataset", "fusion", "seed"]
SAME_TERMS = [*PAIR, "objective", "alignment"]


def arms(frame: pd.DataFrame, free: Sequence[str] = ()) -> pd.DataFrame:
    """The fusions' rows of each dataset's main setting, under every objective and weighting.

    A dataset, fusion, objective with its alignment and its table of coefficients, weighting and seed
    name one row of them.

    Args:
        frame: prepared records.
        free: more columns of the setting that may differ from the main one.

    Returns:
        The rows with `default` (the weighting is the default one), `main` (terms and weighting are the
        main ones), `terms` (the objective, as people read it), and `main_terms` and `main_weighting` of
        the dataset.
    """
    rows = main_rows(frame, [*ARM, *free])
    rows = rows[rows["fusion_role"].isin(FUSED)].reset_index(drop=True)
    main = main_rows(frame).drop_duplicates("dataset").set_index("dataset")[ARM]
    expected = main.reindex(rows["dataset"]).fillna("").set_index(rows.index)
    same = rows[ARM] == expected
    return rows.assign(
        default=same["weighting"] & (rows["weighting_role"] == "default"),
        main=same.all(axis=1),
        terms=said(rows[TERMS]),
        main_terms=said(expected[TERMS]),
        main_weighting=expected["weighting"],
    )


def said(terms: pd.DataFrame) -> pd.Series[str]:
    """Objectives as people read them: `joint+uni+align, infonce`."""
    words = terms["objective"]
    for name in terms.columns.drop("objective"):
        words = words + (", " + terms[name]).where(terms[name] != "", "")
    return words


def named(rows: pd.DataFrame) -> pd.Series[str]:
    """The arms in short: the weighting, and the alignment or objective where it is not the usual one."""
    usual = rows.groupby("terms")["weighting"].nunique().idxmax()
    other = rows["alignment"].where(rows["alignment"] != "", rows["objective"])
    other = other + (", " + rows["lambdas"]).where(rows["lambdas"] != "", "")
    return rows["weighting"] + (", " + other).where(rows["terms"] != usual, "")


def uniform(rows: pd.DataFrame) -> pd.DataFrame:
    """The arms of the default weighting; those without a table of coefficients first."""
    return rows[rows["default"]].sort_values("lambdas", kind="stable")


def beside(
    rows: pd.DataFrame, others: pd.DataFrame, on: list[str], value: str, name: str
) -> pd.DataFrame:
    """The rows with the `value` of the first of the others that is alike in `on`, as the column `name`."""
    known = others.loc[others["ok"], [*on, value]].drop_duplicates(on)
    joined: pd.DataFrame = rows.merge(known.rename(columns={value: name}), on=on, how="left")
    return joined


def focus(rows: pd.DataFrame) -> pd.DataFrame:
    """Of arms, those of one fusion a dataset: the default one, or else the one with the most arms."""
    finished = rows[rows["ok"]]
    counts = (
        finished.assign(arm=finished["terms"] + "\n" + finished["weighting"])
        .groupby(["dataset", "fusion"], as_index=False)
        .agg(arms=("arm", "nunique"), role=("fusion_role", "first"))
    )
    counts["standard"] = (counts["role"] == "default") & (counts["arms"] > 1)
    counts = counts.sort_values(
        ["standard", "arms", "fusion"], ascending=[False, False, True]
    ).drop_duplicates("dataset")
    chosen: pd.DataFrame = rows.merge(counts[["dataset", "fusion"]], on=["dataset", "fusion"])
    return chosen


def modality_of(fusions: pd.Series[str]) -> pd.Series[str]:
    """The modality that an arm such as `unimodal:image[k=1]` names; the whole name where it names none."""
    return fusions.str.extract(r":([^\[]+)", expand=False).fillna(fusions)
