"""The metrics that a suite asks for, by dataset and method."""

from __future__ import annotations

import numpy as np
import pandas as pd

from mmbench.artifacts import Table
from mmbench.registrations import Suite
from mmbench.reporting.comparisons import FUSED, overlaps
from mmbench_reports.formatting import each, plus_minus
from mmbench_reports.paired import intervals

__all__ = ["metrics_table"]

_METHOD = ["dataset", "fusion"]
_PREFIX = "metric_"


def metrics_table(name: str, rows: pd.DataFrame, suite: Suite) -> list[Table]:
    """A row a fusion, single modality and prior, best first; nothing where no job has finished.

    Args:
        name: of the table.
        rows: of one dataset's main setting, as `main_rows` gives them.
        suite: whose metrics are shown.

    """
    rows = rows[rows["ok"] & rows["fusion_role"].isin((*FUSED, "unimodal", "prior"))]
    metrics = _metrics(rows, suite)
    if not metrics:
        return []
    ratio = overlaps(rows)
    table = intervals(rows, _METHOD, "score", ratio)[[*_METHOD, "score", "seeds"]]
    shown = {}
    for metric in metrics:
        values = rows.assign(value=pd.to_numeric(rows[_PREFIX + metric], errors="coerce"))
        found = intervals(values, _METHOD, "value", ratio).drop(columns="seeds")
        shown[metric] = each(plus_minus, found["value"], (found["high"] - found["low"]) / 2)
        names = {"value": metric, "low": f"{metric}_low", "high": f"{metric}_high"}
        table = table.merge(found.rename(columns=names), on=_METHOD)
    order = np.argsort(-rows["sign"].iloc[0] * table["score"].to_numpy(), kind="stable")
    read = pd.DataFrame({"method": table["fusion"], **shown, "seeds": table["seeds"]})
    dataset = rows["dataset"].iloc[0]
    caption = f"{dataset}: metrics of suite {suite.name} on the test part, ± half of the interval."
    whole = table.drop(columns="score").iloc[order].reset_index(drop=True)
    return [Table(name, caption, whole, read.iloc[order].reset_index(drop=True))]


def _metrics(rows: pd.DataFrame, suite: Suite) -> list[str]:
    """Those that the suite names for the dataset's task, else all; of them, those that were measured."""
    tasks = rows["task"][rows["task"] != ""]
    named = suite.metrics.get(tasks.iloc[0], ()) if len(tasks) else ()
    known = [
        str(column).removeprefix(_PREFIX) for column in rows if str(column).startswith(_PREFIX)
    ]
    measured = [metric for metric in known if rows[_PREFIX + metric].notna().any()]
    return [metric for metric in named or measured if metric in measured]
