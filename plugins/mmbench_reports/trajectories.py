"""How weightings move λ and w in the course of a training."""

from __future__ import annotations

import pandas as pd

from mmbench.artifacts import Artifact, Plot, Table, Text
from mmbench.reporting.comparisons import prepared
from mmbench_reports.arms import ARM, arms, focus, named
from mmbench_reports.figures import panels, set_title
from mmbench_reports.formatting import first_of, number
from mmbench_reports.terms import by_epoch, columns, draw, in_order, legend, styles

__all__ = ["section", "trajectories"]

PANELS = 24
_COLUMNS = 3
_STILL = 1e-5
"""A weight whose range is a smaller share of its size than this does not move."""
_ROW = ["dataset", "fusion", *ARM, "terms"]
_CURVE = [*_ROW, "term"]


def trajectories(rows: pd.DataFrame) -> pd.DataFrame:
    """The weight of every term by epoch, over the seeds.

    Args:
        rows: `arms` of one fusion a dataset.

    Returns:
        A row a dataset, objective, weighting, term and epoch that every seed reached: those columns,
        `fusion`, `terms` (the objective in words), `mean`, `low` and `high` (of the seeds, not an
        interval), `seeds`, `moves` (whether some term's weight changes within a training).
    """
    rows = rows[rows["ok"]]
    found = columns(rows, "curve_weight_").items()
    parts = [by_epoch(rows, column, [*_ROW, "seed"]).assign(term=term) for term, column in found]
    if not parts:
        return pd.DataFrame(columns=[*_CURVE, "epoch", "mean", "low", "high", "seeds", "moves"])
    long = pd.concat(parts, ignore_index=True)
    trained = long.groupby([*_CURVE, "seed"])["value"].agg(["min", "max"])
    size = trained.abs().max(axis=1)
    moved = (trained["max"] - trained["min"] > _STILL * size).groupby(_ROW).any()
    table = long.groupby([*_CURVE, "epoch"], as_index=False).agg(
        mean=("value", "mean"), low=("value", "min"), high=("value", "max"), seeds=("seed", "size")
    )
    table = table[table["seeds"] == table.groupby(_CURVE)["seeds"].transform("max")]
    return table.merge(moved.rename("moves").reset_index(), on=_ROW)


def section(records: pd.DataFrame) -> list[Artifact]:
    """A panel a weighting on the dataset with the most of them, and a table of all datasets."""
    rows = focus(arms(prepared(records)))
    table = trajectories(rows)
    if not len(table):
        return [Text("The records hold no weights of the terms.")]
    moving = table[table["moves"]]
    still = sorted(set(table["weighting"]) - set(moving["weighting"]))
    artifacts: list[Artifact] = []
    if len(moving):
        counts = moving.groupby("dataset")["weighting"].nunique()
        dataset = counts.sort_values(ascending=False, kind="stable").index[0]
        artifacts += [_plot(moving[moving["dataset"] == dataset]), _table(moving, table)]
    if still:
        artifacts.append(Text(f"The weights never move under {', '.join(still)}."))
    silent = sorted(set(rows.loc[rows["ok"], "weighting"]) - set(table["weighting"]))
    if silent:
        artifacts.append(Text(f"The records hold no weights of {', '.join(silent)}."))
    return artifacts


def _plot(moving: pd.DataFrame) -> Plot:
    weightings = moving.groupby("terms")["weighting"].transform("nunique")
    moving = moving.assign(arm=named(moving), weightings=weightings)
    ordered = moving.sort_values(["weightings", "terms", "arm"], ascending=[False, True, True])
    every = list(ordered["arm"].unique())
    shown = every[:PANELS]
    figure, axes = panels(len(shown), _COLUMNS, 1.8)
    lines = styles(moving["term"])
    for ax, arm in zip(axes, shown, strict=True):
        rows = moving[moving["arm"] == arm]
        for term, curve in rows.groupby("term"):
            draw(ax, curve, lines[str(term)])
        if rows["low"].min() >= 0:
            ax.set_ylim(bottom=0)
        set_title(ax, arm, 44)
    for ax in axes[-_COLUMNS:]:
        ax.set_xlabel("epoch")
    legend(figure, lines)
    dataset, fusion, usual = ordered[["dataset", "fusion", "terms"]].iloc[0]
    caption = (
        f"Weight of each term at the end of each epoch on {dataset} with {fusion}, under {usual} where "
        "nothing else is said: mean of the seeds, and the band from the least of them to the "
        "greatest, up to the last epoch that every seed reached."
    ) + first_of(len(shown), len(every), "weightings")
    alt = f"Weights by epoch under {len(shown)} weightings on {dataset}"
    return Plot("trajectories", caption, figure, alt)


def _table(moving: pd.DataFrame, table: pd.DataFrame) -> Table:
    steps = moving.groupby(_CURVE)["epoch"]
    ends = {
        "at the first epoch": moving[moving["epoch"] == steps.transform("min")],
        "at the last epoch": moving[moving["epoch"] == steps.transform("max")],
    }
    row = ["dataset", "fusion", "terms", "weighting"]
    shown = pd.DataFrame({name: _weights(rows, row) for name, rows in ends.items()})
    shown = shown.reset_index().rename(columns={"terms": "objective"})
    caption = (
        "Weights that move, means over seeds. Every epoch of every weighting is in the CSV file."
    )
    return Table("trajectories", caption, table, shown)


def _weights(rows: pd.DataFrame, by: list[str]) -> pd.Series[str]:
    """`joint 0.58, uni:text 0.55` of each arm."""
    order = {term: place for place, term in enumerate(in_order(rows["term"]))}
    ordered = rows.sort_values("term", key=lambda terms: terms.map(order), kind="stable")
    words = ordered["term"] + " " + ordered["mean"].map(number)
    together: pd.Series[str] = words.groupby([ordered[name] for name in by]).agg(", ".join)
    return together
