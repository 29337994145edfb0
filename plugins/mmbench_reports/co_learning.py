"""Which modalities helped each other: each alone, against itself after joint training."""

from __future__ import annotations

import numpy as np
import pandas as pd

from mmbench.artifacts import Artifact, Plot, Table, Text
from mmbench.reporting.comparisons import overlaps, prepared
from mmbench_reports.arms import ARM, arms, beside, focus
from mmbench_reports.figures import panels, set_title
from mmbench_reports.formatting import change, each, first_of, number
from mmbench_reports.heatmaps import heat_map, short
from mmbench_reports.paired import BETTER, WORSE, found, intervals
from mmbench_reports.per_modality import alone, by_modality
from mmbench_reports.trajectories import trajectories

__all__ = ["helped", "section", "taught"]

PANELS = 12
_COLUMNS = 4
_ROW = ["dataset", "fusion", *ARM, "modality"]
_WAYS = {"only": "with only it present at test time", "head": "by its own head"}


def helped(frame: pd.DataFrame, rows: pd.DataFrame) -> pd.DataFrame:
    """Score each modality after joint training, and compare it with the modality trained alone.

    Args:
        frame: prepared records.
        rows: their `arms`.

    Returns:
        A row a dataset, fusion, objective, weighting and modality: those columns, `terms` (the objective
        in words), `alone` (mean test score), and, for `only` (the joint model with the other modalities
        absent at test time) and `head` (the modality's own head), `<it>` (mean) and its difference to
        alone, paired over seeds: `<it>_minus`, `<it>_low`, `<it>_high`, `<it>_seeds`, and
        `<it>_found`. Positive: training together helped.
    """
    keep = [*_ROW[:-1], "seed", "terms", "sign", "ok"]
    only, head = (by_modality(rows[rows["ok"]], f"{way}_", keep, way) for way in _WAYS)
    scores = pd.concat([only, head], ignore_index=True)
    scores = scores.groupby([*keep, "modality"], as_index=False)[[*_WAYS]].last()
    by_itself = alone(frame).assign(ok=True)
    scores = beside(scores, by_itself, ["dataset", "modality", "seed"], "score", "alone")
    scores = scores[scores["alone"].notna()]
    table = scores.groupby(_ROW, as_index=False).agg(
        terms=("terms", "first"),
        alone=("alone", "mean"),
        only=("only", "mean"),
        head=("head", "mean"),
    )
    for way in _WAYS:
        scores["minus"] = (scores["sign"] * (scores[way] - scores["alone"])).astype(np.float64)
        difference = intervals(scores, _ROW, "minus", overlaps(rows))
        difference["found"] = found(difference["low"], difference["high"], difference["seeds"])
        columns = [f"{way}_{name}" for name in difference.columns.drop(_ROW)]
        table = table.merge(difference.set_axis([*_ROW, *columns], axis=1), on=_ROW)
    return table


def taught(rows: pd.DataFrame) -> pd.DataFrame:
    """The w_ij that weightings arrived at, where they move: `weight` by `first` and `second` modality.

    Args:
        rows: `arms` of one fusion a dataset.

    Returns:
        A row a dataset, objective, weighting and ordered pair of modalities: those columns, `fusion`,
        `terms`, `weight` (mean over seeds at the last epoch that all of them reached), `seeds`.
    """
    table = trajectories(rows)
    table = table[table["moves"] & table["term"].str.startswith("align:")]
    arm = ["dataset", "fusion", "terms", *ARM]
    last = table[table["epoch"] == table.groupby([*arm, "term"])["epoch"].transform("max")]
    pairs = last["term"].str.extract("align:(?P<first>.*)->(?P<second>.*)")
    last = last.join(pairs).rename(columns={"mean": "weight"})
    return last[[*arm, "first", "second", "weight", "seeds"]].reset_index(drop=True)


def section(records: pd.DataFrame) -> list[Artifact]:
    """What joint training did to each modality, and the learned weights between them."""
    frame = prepared(records)
    every = arms(frame)
    table = helped(frame, every)
    if not len(table):
        return [
            Text(
                "Whether modalities helped each other shows beside each of them trained alone, and with "
                "the others absent at test time. Run with `--controls`."
            )
        ]
    rows = focus(every)
    one = table.merge(rows[["dataset", "fusion"]].drop_duplicates(), on=["dataset", "fusion"])
    artifacts: list[Artifact] = [*map(Text, _sentences(one)), _table(table, one)]
    weights = taught(rows)
    if len(weights):
        artifacts.append(_plot(weights))
    return artifacts


def _sentences(one: pd.DataFrame) -> list[str]:
    """How often training together helped or hurt a modality, a sentence a dataset."""
    sentences = []
    for (dataset, fusion), rows in one.groupby(["dataset", "fusion"]):
        parts = []
        for way, words in _WAYS.items():
            decided = rows[rows[f"{way}_seeds"] > 1]
            if len(decided):
                better, worse = (
                    (decided[f"{way}_found"] == word).sum() for word in (BETTER, WORSE)
                )
                parts.append(
                    f"{words}, {better} of {len(decided)} score above the same modality trained alone "
                    f"and {worse} below it"
                )
        if parts:
            sentences.append(f"{dataset}, {fusion}, modalities × weightings: {'; '.join(parts)}.")
    return sentences


def _table(table: pd.DataFrame, one: pd.DataFrame) -> Table:
    shown = one[["dataset", "fusion", "terms", "weighting", "modality"]]
    shown = shown.rename(columns={"terms": "objective"})
    shown["alone"] = each(number, one["alone"])
    for way, head in (("only", "others absent"), ("head", "own head")):
        shown[head] = each(number, one[way])
        ends = [one[f"{way}_{end}"] for end in ("minus", "low", "high")]
        shown[f"{head} − alone"] = each(change, *ends)
    shown["seeds"] = one[["only_seeds", "head_seeds"]].max(axis=1)
    caption = (
        "Test score of each modality trained alone; of the jointly trained model with only that modality "
        "present at test time, for which most fusions were not trained; and of the modality's own head in "
        "that model. Differences are paired over seeds, with 95 % intervals; positive: training together "
        "helped. One fusion a dataset; all are in the CSV file."
    )
    return Table("co-learning", caption, table, shown)


def _plot(weights: pd.DataFrame) -> Plot:
    groups = list(weights.groupby(["dataset", "weighting", "alignment", "lambdas"]))
    shown = groups[:PANELS]
    figure, axes = panels(len(shown), _COLUMNS, 2.4)
    for ax, ((dataset, weighting, alignment, _), rows) in zip(axes, shown, strict=True):
        matrix = rows.pivot_table(index="first", columns="second", values="weight")
        values = matrix.to_numpy(dtype=np.float64)
        largest = np.nanmax(np.abs(values))
        shades = np.clip(values / largest, 0, 1) if largest > 0 else values * 0
        texts = [[short(value) for value in row] for row in values]
        heat_map(ax, shades, texts, list(matrix.index), list(matrix.columns), 8)
        set_title(ax, f"{dataset}: {weighting}, {alignment}", 34)
    caption = (
        "Weight w_ij of the alignment L_ij(x_i, x_j), x_i in the row and x_j in the column, at the last epoch "
        "of the weightings that move it: mean over seeds. Where L_ij is symmetric, w_ij and w_ji act "
        "together and only their sum counts."
    ) + first_of(len(shown), len(groups), "weightings")
    return Plot(
        "co-learning", caption, figure, f"Weights between modalities, {len(shown)} weightings"
    )
