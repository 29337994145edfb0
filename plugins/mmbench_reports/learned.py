"""What each encoder learned under each weighting, as a linear probe on its frozen features sees it."""

from __future__ import annotations

import pandas as pd

from mmbench.reporting.comparisons import overlaps
from mmbench_reports.arms import ARM, JOINT, beside, uniform
from mmbench_reports.paired import intervals
from mmbench_reports.per_modality import alone, by_modality

__all__ = ["learned"]

_ROW = ["dataset", "fusion", *ARM, "modality"]
_SAME = ["dataset", "fusion", "seed", "modality"]
_KEEP = ["dataset", "fusion", *ARM, "seed", "terms", "default", "primary_metric", "sign", "ok"]
_OTHERS = ("uniform", "joint", "alone")


def learned(frame: pd.DataFrame, rows: pd.DataFrame) -> pd.DataFrame:
    """How much of the target a linear probe finds in each encoder's features, under every weighting.

    Differences are paired over seeds; positive: the encoder has learned more than there.

    Args:
        frame: prepared records.
        rows: their `arms`.

    Returns:
        A row a dataset, fusion, objective, weighting and modality: those columns, `terms` (the objective
        in words), `default` (the weighting is the default one), `metric`, `probe` (mean score) and, for
        `uniform` (the default weighting with the same objective), `joint` (the default weighting with
        the joint loss only) and `alone` (the modality trained by itself), `minus_<it>` with
        `minus_<it>_low`, `minus_<it>_high` and `minus_<it>_seeds`.
    """
    rows = rows[rows["ok"]]
    probes = _beside_others(by_modality(rows, "probe_", _KEEP, "probe"), alone(frame))
    table = probes.groupby(_ROW, as_index=False).agg(
        terms=("terms", "first"),
        default=("default", "first"),
        metric=("primary_metric", "first"),
        probe=("probe", "mean"),
    )
    for name in _OTHERS:
        probes["minus"] = probes["sign"] * (probes["probe"] - probes[name])
        difference = intervals(probes, _ROW, "minus", overlaps(rows))
        ends = [f"minus_{name}{end}" for end in ("", "_low", "_high", "_seeds")]
        table = table.merge(difference.set_axis([*_ROW, *ends], axis=1), on=_ROW)
    return table


def _beside_others(probes: pd.DataFrame, by_itself: pd.DataFrame) -> pd.DataFrame:
    """The probes with those that they are compared to, which no probe is with itself."""
    default = uniform(probes)
    joint = default[default["objective"] == JOINT]
    terms = [*_SAME, "objective", "alignment"]
    probes = beside(probes, default, terms, "probe", "uniform")
    probes = beside(probes, joint, _SAME, "probe", "joint")
    by_itself = by_itself.assign(ok=True)
    probes = beside(probes, by_itself, ["dataset", "modality", "seed"], "probe", "alone")
    is_joint = probes["default"] & (probes["objective"] == JOINT)
    return probes.assign(
        uniform=probes["uniform"].where(~probes["default"]),
        joint=probes["joint"].where(~is_joint),
    )
