"""Whether the terms of the loss pull an encoder in different directions."""

from __future__ import annotations

import numpy as np
import pandas as pd

from mmbench.artifacts import Artifact, Plot, Table, Text
from mmbench.reporting.comparisons import prepared
from mmbench.reporting.style import INK
from mmbench_reports.arms import ARM, JOINT, arms, focus
from mmbench_reports.figures import panels, set_title
from mmbench_reports.formatting import each, first_of, signed
from mmbench_reports.terms import by_epoch, columns, curves, draw, legend, padded, styles

__all__ = ["conflicts", "course", "section"]

PANELS = 12
_COLUMNS = 3
_ROW = ["dataset", *ARM, "terms"]
_PAIR = ["encoder", "term", "other"]


def conflicts(rows: pd.DataFrame) -> pd.DataFrame:
    """How often two terms' gradients at an encoder point apart, over all fusions and seeds of `arms`.

    Returns:
        A row a dataset, objective, weighting, encoder and pair of terms: those columns, `terms` (the
        objective in words), `measurements` (epochs at which a training was looked at), `below_zero`
        (the share of them whose cosine is negative), `cosine` (their mean).
    """
    rows = rows[rows["ok"]]
    parts = [
        _counted(rows, column).assign(**dict(zip(_PAIR, _names(name), strict=True)))
        for name, column in columns(rows, "curve_conflict_").items()
    ]
    if not parts:
        return pd.DataFrame(columns=[*_ROW, *_PAIR, "measurements", "below_zero", "cosine"])
    table = pd.concat(parts, ignore_index=True)
    table = table[table["measurements"] > 0].reset_index(drop=True)
    table["below_zero"] = table["negative"] / table["measurements"]
    table["cosine"] = table["total"] / table["measurements"]
    return table[[*_ROW, *_PAIR, "measurements", "below_zero", "cosine"]]


def course(rows: pd.DataFrame) -> pd.DataFrame:
    """The cosine of the fused loss with each other term, by epoch, under the default weighting.

    Args:
        rows: `arms` of one fusion a dataset.

    Returns:
        A row a dataset, encoder, other term and epoch that was looked at: those columns, `fusion` (one a
        dataset), `terms` (the objective with the most of them), `mean`, `low` and `high` (of the seeds,
        not an interval).
    """
    rows = rows[rows["ok"] & rows["default"]]
    setting = ["dataset", "fusion", "terms"]
    parts = []
    for name, column in columns(rows, "curve_conflict_").items():
        encoder, term, other = _names(name)
        if term == JOINT:
            parts.append(by_epoch(rows, column, setting).assign(encoder=encoder, other=other))
    by = [*setting, "encoder", "other", "epoch"]
    if not parts:
        return pd.DataFrame(columns=[*by, "mean", "low", "high"])
    measured = pd.concat(parts, ignore_index=True)
    counts = measured.groupby(["dataset", "terms"])["other"].nunique().reset_index()
    counts = counts.sort_values("other", ascending=False, kind="stable").drop_duplicates("dataset")
    measured = measured.merge(counts[["dataset", "terms"]], on=["dataset", "terms"])
    return measured.groupby(by, as_index=False).agg(
        mean=("value", "mean"), low=("value", "min"), high=("value", "max")
    )


def section(records: pd.DataFrame) -> list[Artifact]:
    """A panel an encoder under the default weighting, and a table of all weightings."""
    rows = arms(prepared(records))
    table = conflicts(rows)
    if not len(table):
        return [Text("The records hold no cosines between the gradients of terms.")]
    drawn = course(focus(rows))
    plots: list[Artifact] = [_plot(drawn)] if len(drawn) else []
    return [*plots, _table(table)]


def _counted(rows: pd.DataFrame, column: str) -> pd.DataFrame:
    """How many cosines a column holds by arm, how many are negative, and their sum."""
    seen = curves(rows, column, _ROW)
    cosines = padded(list(seen[column]))
    counts = pd.DataFrame(
        {
            "measurements": (~np.isnan(cosines)).sum(axis=1),
            "negative": (cosines < 0).sum(axis=1),
            "total": np.nansum(cosines, axis=1),
        },
        index=seen.index,
    )
    return counts.groupby([seen[key] for key in _ROW]).sum().reset_index()


def _names(name: str) -> tuple[str, str, str]:
    """Encoder and terms of `image: joint | uni:image`."""
    encoder, _, terms = name.partition(": ")
    first, _, second = terms.partition(" | ")
    return encoder, first, second


def _plot(measured: pd.DataFrame) -> Plot:
    groups = list(measured.groupby(["dataset", "encoder"]))
    shown = groups[:PANELS]
    figure, axes = panels(len(shown), _COLUMNS, 1.9)
    lines = styles(pd.concat([rows["other"] for _, rows in shown]))
    for ax, ((dataset, encoder), rows) in zip(axes, shown, strict=True):
        ax.axhline(0, color=INK, linewidth=0.8)
        for term, curve in rows.groupby("other"):
            draw(ax, curve, lines[str(term)])
        ax.set_ylim(-1.05, 1.05)
        set_title(ax, f"{dataset}, encoder of {encoder}", 44)
    for ax in axes[-_COLUMNS:]:
        ax.set_xlabel("epoch")
    axes[0].set_ylabel("cosine with joint")
    legend(figure, lines)
    caption = (
        "Cosine between the gradients of the fused loss and of each other term at an encoder, under "
        "the default weighting: mean of the seeds, and the band from the least of them to the "
        "greatest. Below 0 the two terms pull the encoder apart. One fusion and, of several, the "
        "objective with the most terms a dataset."
    ) + first_of(len(shown), len(groups), "encoders")
    return Plot("conflict", caption, figure, f"Cosines by epoch at {len(shown)} encoders")


def _table(table: pd.DataFrame) -> Table:
    joint = table[table["term"] == JOINT]
    joint = joint if len(joint) else table
    joint = joint.assign(
        negative=joint["below_zero"] * joint["measurements"],
        total=joint["cosine"] * joint["measurements"],
        against=joint["other"].str.partition(":")[0],
    )
    by = ["dataset", "terms", "weighting", "encoder", "against"]
    sums = joint.groupby(by, as_index=False)[["measurements", "negative", "total"]].sum()
    shown = sums[by].rename(columns={"terms": "objective"})
    shown["below 0"] = [f"{share:.0%}" for share in sums["negative"] / sums["measurements"]]
    shown["mean cosine"] = each(signed, sums["total"] / sums["measurements"])
    shown["measurements"] = sums["measurements"]
    caption = (
        "Share of the measurements in which the gradients of the fused loss and of another term, of the "
        "kind that is named, have a cosine below 0 at an encoder, over all fusions, seeds and epochs "
        "that were looked at. Every pair of terms is in the CSV file."
    )
    return Table("conflict", caption, table, shown)
