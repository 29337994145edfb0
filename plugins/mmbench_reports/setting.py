"""The setting: what the data of the run are, and of a suite, what it asks and how its methods answer."""

from __future__ import annotations

import numpy as np
import pandas as pd

from mmbench.artifacts import Artifact, Plot, Text
from mmbench.registrations import Suite
from mmbench.registry import Registry, load_registry
from mmbench.reporting.comparisons import main_rows, prepared
from mmbench.reporting.files import slug, unique
from mmbench.reporting.style import MUTED, OKABE_ITO
from mmbench_reports.against_prior import against_prior, reading
from mmbench_reports.figures import dots_with_intervals, label, panels, set_title
from mmbench_reports.formatting import first_of, number
from mmbench_reports.setting_data import data_table, left_out_table
from mmbench_reports.setting_metrics import metrics_table

__all__ = ["section"]

DATASETS_IN_PLOT = 9
METHODS_IN_PANEL = 14
_HOW = (
    "A method is above the prior, the majority or mean predictor, where the 95 % interval of the "
    "difference of their test scores, paired over seeds, lies above 0."
)


def section(records: pd.DataFrame) -> list[Artifact]:
    """What each dataset is; of each suite, its text, what it goes without, and its metrics."""
    frame = main_rows(prepared(records))
    if not len(frame):
        return [Text("There is no record yet.")]
    registry = load_registry()
    names = _suites(records)
    suites = [registry.suites.entries[name] for name in names if name in registry.suites]
    artifacts: list[Artifact] = [*map(Text, _introductions(names, registry))]
    artifacts.append(data_table(frame, registry))
    taken = {"setting"}
    for suite in suites:
        away = left_out_table(suite, records, registry)
        taken |= {table.name for table in away}
        artifacts += [*away, *_answers(suite, frame, taken)]
    return artifacts


def _suites(records: pd.DataFrame) -> list[str]:
    """Suites that the records say, and that of the last run: its jobs may have run before it."""
    options = (records.attrs.get("run") or {}).get("options") or {}
    said = set(records["suite"].dropna().astype(str)) if "suite" in records else set()
    return sorted((said | {str(options.get("suite") or "")}) - {""})


def _introductions(names: list[str], registry: Registry) -> list[str]:
    if not names:
        return ["No suite was named; these are the data of the run."]
    known = registry.suites.entries
    return [
        f"Suite `{name}`. {known[name].title}. {known[name].text}"
        if name in known
        else f"Suite `{name}`, which is not registered here: its text is not known."
        for name in names
    ]


def _answers(suite: Suite, frame: pd.DataFrame, taken: set[str]) -> list[Artifact]:
    """What stands above the prior on the suite's datasets, and the suite's metrics on each."""
    mine = {spelling.partition("[")[0] for spelling in suite.datasets}
    frame = frame[frame["dataset"].str.partition("[")[0].isin(mine)]
    table = against_prior(frame)
    artifacts: list[Artifact] = []
    compared = table[table["prior_score"].notna()]
    if len(compared):
        groups = [group for _, group in compared.groupby("dataset")]
        artifacts += [_plot(unique(f"setting-{slug(suite.name)}", taken), groups), Text(_HOW)]
        artifacts += [Text(reading(group)) for group in groups]
    for dataset, rows in frame.groupby("dataset"):
        name = unique(f"setting-{slug(str(dataset))}", taken)
        artifacts += metrics_table(name, rows, suite)
    return artifacts


def _plot(name: str, groups: list[pd.DataFrame]) -> Plot:
    drawn = [group.head(METHODS_IN_PANEL) for group in groups[:DATASETS_IN_PLOT]]
    height = 0.7 + 0.2 * max(map(len, drawn))
    figure, axes = panels(len(drawn), 2 if len(drawn) in (2, 4) else 3, height)
    for ax, group in zip(axes, drawn, strict=True):
        data = pd.DataFrame(
            {
                "mean": group["score"],
                "low": group["low"],
                "high": group["high"],
                "colour": np.where(group["single"], OKABE_ITO["vermilion"], OKABE_ITO["blue"]),
                "filled": group["above"],
            }
        )
        prior = group["prior_score"].iloc[0]
        ax.axvline(prior, color=MUTED, linewidth=1.0, linestyle="--", zorder=2)
        dots_with_intervals(ax, list(group["fusion"]), data)
        set_title(ax, f"{group['dataset'].iloc[0]}, prior {number(prior)}", 40)
        ax.set_xlabel(label(group["metric"].iloc[0]))
    caption = (
        "Mean test score with its 95 % interval, best first; orange: one modality alone; blue: fusions. "
        "Dashed: the prior. Hollow: not shown to be above it."
    )
    caption += first_of(len(drawn), len(groups), "datasets")
    caption += first_of(METHODS_IN_PANEL, max(map(len, groups)), "methods")
    alt = "; ".join(reading(group) for group in groups)
    return Plot(name, caption, figure, f"Test scores beside the prior. {alt}")
