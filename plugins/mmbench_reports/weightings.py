"""Loss weightings and objectives, each against the default one."""

from __future__ import annotations

import pandas as pd

from mmbench.artifacts import Artifact, Table, Text
from mmbench.reporting.comparisons import main_rows, prepared
from mmbench_reports.arms import ARM, PAIR, SAME_TERMS, arms, beside, focus, said, uniform
from mmbench_reports.baselines import baselines, sentences
from mmbench_reports.by_dataset import by_dataset
from mmbench_reports.formatting import each, interval, number, signed
from mmbench_reports.limits import limits
from mmbench_reports.paired import BETTER, NO_DIFFERENCE, WORSE, against_baseline

__all__ = ["compared", "section"]

_ROW = ["dataset", "fusion", *ARM, "terms", "against", "against_uniform"]


def compared(records: pd.DataFrame) -> pd.DataFrame:
    """Compare each objective and weighting with its baseline, per fusion and paired over seeds.

    The baseline of a weighting is the default weighting with the same objective, where that was
    run; that of the default weighting with more terms is the main objective.

    Returns:
        A row a dataset, fusion, objective and weighting other than the main ones: those columns,
        `terms` (the objective in words), `against` (the baseline), `against_uniform` (it is the default
        weighting with the same objective), and what `against_baseline` gives.
    """
    frame = prepared(records)
    return _compared(frame, arms(frame))


def section(records: pd.DataFrame) -> list[Artifact]:
    """What stands beside every comparison of weightings, a summary, and every comparison."""
    frame = prepared(records)
    rows = arms(frame)
    table = _compared(frame, rows)
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
    shown = focus(rows)
    beside_them = baselines(records, shown, table)
    artifacts: list[Artifact] = [*map(Text, sentences(beside_them, table))]
    artifacts += [Text(sentence) for sentence in limits(rows)]
    if len(beside_them):
        artifacts.append(_baselines(beside_them))
    return [*artifacts, Text(text), *by_dataset(table, shown), _summary(table), _details(table)]


def _compared(frame: pd.DataFrame, rows: pd.DataFrame) -> pd.DataFrame:
    others = _with_baseline(rows[~rows["main"]], rows)
    return against_baseline(others, _ROW, main_rows(frame))


def _with_baseline(others: pd.DataFrame, rows: pd.DataFrame) -> pd.DataFrame:
    """The arms other than the main one, each with the score of its baseline in that seed."""
    others = beside(others, rows[rows["main"]], PAIR, "score", "main_score")
    # A table of λ belongs to the weighting that reads it, so the baseline need not have the same.
    others = beside(others, uniform(rows), SAME_TERMS, "score", "uniform_score")
    arm = [others[name] for name in ("dataset", "fusion", *ARM)]
    ran = others["uniform_score"].notna().groupby(arm).transform("any").astype(bool)
    by_uniform = ran & ~others["default"]
    terms = said(others[["objective", "alignment"]]).where(by_uniform, others["main_terms"])
    return others.assign(
        baseline_score=others["uniform_score"].where(by_uniform, others["main_score"]),
        against=terms + ", " + others["main_weighting"],
        against_uniform=by_uniform,
    )


def _baselines(table: pd.DataFrame) -> Table:
    shown = pd.DataFrame(
        {
            "dataset": table["dataset"].where(~table["dataset"].duplicated(), ""),
            "fusion": table["fusion"],
            "objective": table["terms"],
            "best single": each(number, table["single_score"]),
            "joint only": each(number, table["joint_score"]),
            "uniform": each(number, table["uniform_score"]),
            "uniform − joint": each(signed, table["difference"]),
            "95 % interval": each(interval, table["low"], table["high"]),
            "weightings": table["weightings"],
            BETTER: table["better"],
            WORSE: table["worse"],
            "metric": table["metric"],
            "seeds": table["seeds"],
        }
    )
    caption = (
        "What every weighting has to be seen beside: mean test scores of the best single modality "
        "(chosen on validation), of the joint loss alone and of the default weighting with the "
        "objective's terms (uniform), and how many of the other weightings are shown to be better "
        "or worse than uniform."
    )
    return Table("weightings-baselines", caption, table, shown)


def _summary(table: pd.DataFrame) -> Table:
    counts = (
        table.assign(
            better=table["found"] == BETTER,
            no_difference=table["found"] == NO_DIFFERENCE,
            worse=table["found"] == WORSE,
            within_noise=table["within_noise"] & (table["seeds"] > 0),
        )
        .groupby(["weighting", "terms", "against"], as_index=False)
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
    shown = counts.rename(
        columns={
            "terms": "objective",
            "no_difference": NO_DIFFERENCE,
            "within_noise": "within noise",
        }
    )
    caption = (
        "Weightings against their baseline: comparisons (datasets × fusions) by what they show."
    )
    return Table("weightings-summary", caption, counts, shown)


def _details(table: pd.DataFrame) -> Table:
    against = [
        baseline.removeprefix(f"{terms}, ")
        for baseline, terms in zip(table["against"], table["terms"], strict=True)
    ]
    shown = pd.DataFrame(
        {
            "dataset": table["dataset"],
            "fusion": table["fusion"],
            "objective": table["terms"],
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
