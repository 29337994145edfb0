"""The verdict on whether the best fusion beats the best single modality."""

from __future__ import annotations

import pandas as pd
from matplotlib.ticker import MaxNLocator

from mmbench.artifacts import Artifact, Plot, Table, Text
from mmbench.reporting.comparisons import main_rows, prepared
from mmbench.reporting.style import INK, MUTED, OKABE_ITO, SHADE
from mmbench.reporting.verdicts import HELPS, HURTS, verdicts
from mmbench_reports.figures import dots_with_intervals, set_title, stacked
from mmbench_reports.formatting import each, first_of, interval, number, signed

__all__ = ["section"]

DATASETS_IN_PLOT = 40
_COLOURS = {HELPS: OKABE_ITO["blue"], HURTS: OKABE_ITO["vermilion"]}
_HOW = (
    "In each seed the best fusion and the best single modality are chosen by their validation "
    "score, never by the test score. Shown is the difference of their test scores, paired over "
    "seeds; positive means that fusion is better, whatever the metric's direction. The 95 % "
    "interval is the corrected resampled t interval, which is wider than the usual one because "
    "the splits of different seeds overlap; it is not corrected for the number of datasets. The "
    "noise floor is what two runs of one method, entered twice, typically differ by."
)


def section(records: pd.DataFrame) -> list[Artifact]:
    """A table and a plot with one row a dataset, and what was chosen."""
    table = verdicts(records)
    if not len(table):
        return [Text("There is no record yet.")]
    artifacts: list[Artifact] = [_table(table), *map(Text, _notes(table))]
    drawn = table[table["difference"].notna()]
    if len(drawn):
        artifacts += [_plot(drawn), Text(_HOW), _choices(drawn)]
    left_out = _left_out(records)
    if left_out:
        artifacts.append(Text(left_out))
    return artifacts


def _left_out(records: pd.DataFrame) -> str:
    """Which setting the comparisons are in, where the records hold others too."""
    frame = prepared(records)
    main = main_rows(frame)
    others = len(frame) - len(main)
    if not others:
        return ""
    said = [
        f"{name} {main[name].iloc[0]}"
        for name in ("objective", "weighting", "sampler", "budget", "device")
        if main[name].nunique() == 1 and main[name].iloc[0]
    ]
    setting = f" ({', '.join(said)})" if said else ""
    return (
        f"The verdicts and the ranking are about each dataset's main setting{setting}; "
        f"{others:,} jobs in other settings are no part of them."
    )


def _table(table: pd.DataFrame) -> Table:
    shown = pd.DataFrame(
        {
            "dataset": table["dataset"],
            "verdict": table["verdict"],
            "difference": each(signed, table["difference"]),
            "95 % interval": each(interval, table["low"], table["high"]),
            "noise floor": each(number, table["noise_floor"]),
            "fusion": each(number, table["fusion_score"]),
            "single": each(number, table["single_score"]),
            "prior": each(number, table["prior_score"]),
            "metric": table["metric"],
            "seeds": table["seeds"],
            "failed": table["failed"],
        }
    )
    caption = (
        "Mean test scores of the best fusion, the best single modality and the prior (majority or "
        "mean predictor), and the difference of the first two."
    )
    return Table("verdict", caption, table, shown)


def _notes(table: pd.DataFrame) -> list[str]:
    """What qualifies the verdicts, a sentence each with the datasets it is about."""
    decided = table["within_noise"] & table["verdict"].isin((HELPS, HURTS))
    noisy = decided.map({True: "the difference is within the noise floor", False: ""})
    parts = (noisy + "; " + table["note"]).str.split("; ").explode()
    parts = parts[parts != ""]
    about = table["dataset"].loc[parts.index].groupby(parts.to_numpy(), sort=False).agg(", ".join)
    return [f"{datasets}: {note}." for note, datasets in about.items()]


def _choices(table: pd.DataFrame) -> Table:
    frame = table[["dataset", "fusion", "single"]].reset_index(drop=True)
    shown = frame.rename(columns={"fusion": "best fusion", "single": "best single modality"})
    caption = "What was chosen by validation score, and in how many of the seeds."
    return Table("verdict-choices", caption, frame, shown)


def _plot(compared: pd.DataFrame) -> Plot:
    table = compared.head(DATASETS_IN_PLOT)
    groups = list(table.groupby("metric"))
    figure, axes = stacked([0.6 + 0.28 * len(group) for _, group in groups])
    for ax, (metric, group) in zip(axes, groups, strict=True):
        colours = group["verdict"].map(_COLOURS)
        data = pd.DataFrame(
            {
                "mean": group["difference"],
                "low": group["low"],
                "high": group["high"],
                "colour": colours.fillna(MUTED),
                "filled": colours.notna(),
            }
        )
        floor = group["noise_floor"].fillna(0.0).to_numpy()
        ax.use_sticky_edges = False
        ax.barh(range(len(group)), 2 * floor, left=-floor, height=0.62, color=SHADE, zorder=1)
        ax.axvline(0, color=INK, linewidth=0.8, zorder=2)
        dots_with_intervals(ax, list(group["dataset"]), data)
        set_title(ax, str(metric))
        ax.xaxis.set_major_locator(MaxNLocator(6))
    axes[-1].set_xlabel(
        "best fusion − best single modality; right of 0, fusion is better", fontsize=8
    )
    caption = (
        "Difference of test scores with its 95 % interval. Blue: fusion helps. Orange: it hurts. "
        "Hollow: no difference shown. Grey bar: the noise floor, between two runs of one method."
    ) + first_of(len(table), len(compared), "datasets")
    alt = "; ".join(f"{row.dataset}: {row.verdict}" for row in table.itertuples())
    return Plot("verdict", caption, figure, f"Best fusion minus best single modality. {alt}")
