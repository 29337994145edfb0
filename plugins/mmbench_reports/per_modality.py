"""Scores that a record holds for each modality, a row each."""

from __future__ import annotations

import pandas as pd

from mmbench.reporting.comparisons import main_rows
from mmbench_reports.arms import modality_of
from mmbench_reports.terms import columns

__all__ = ["alone", "by_modality"]


def by_modality(rows: pd.DataFrame, prefix: str, keep: list[str], value: str) -> pd.DataFrame:
    """The columns `<prefix><modality>` of the rows as `keep`, `modality` and `value`, where there is one."""
    parts = [rows[keep].head(0).assign(modality="").assign(**{value: 0.0})]
    for modality, column in columns(rows, prefix).items():
        scores = pd.to_numeric(rows[column], errors="coerce").dropna()
        part = rows.loc[scores.index, keep].assign(modality=modality)
        parts.append(part.assign(**{value: scores}))
    long = pd.concat([part for part in parts if len(part)] or parts, ignore_index=True)
    return long.astype({value: "float64"})


def alone(frame: pd.DataFrame) -> pd.DataFrame:
    """Each modality trained by itself, in the main setting of prepared records.

    Returns:
        A row a dataset, modality and seed: those columns, `score` (of the test part) and `probe` (of its
        encoder; its score where there is no probe).
    """
    rows = main_rows(frame)
    rows = rows[(rows["fusion_role"] == "unimodal") & rows["ok"]].sort_values("fusion")
    rows = rows.assign(modality=modality_of(rows["fusion"]))
    key = ["dataset", "modality", "seed"]
    rows = rows.drop_duplicates(key)
    probes = by_modality(rows, "probe_", ["dataset", "fusion", "seed"], "probe")
    probes = probes.drop_duplicates([*key]).drop(columns="fusion")
    found = rows[[*key, "score"]].merge(probes, on=key, how="left")
    return found.assign(probe=found["probe"].fillna(found["score"]))
