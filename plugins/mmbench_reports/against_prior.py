"""Which methods know more than a predictor without input."""

from __future__ import annotations

import pandas as pd

from mmbench.reporting.comparisons import FUSED, overlaps
from mmbench_reports.formatting import number
from mmbench_reports.paired import intervals

__all__ = ["against_prior", "reading"]

_METHOD = ["dataset", "fusion"]
_COLUMNS = [
    *(*_METHOD, "single", "metric", "score", "low", "high", "prior_score"),
    *("difference", "difference_low", "seeds", "above"),
]
_NAMED = 10


def against_prior(rows: pd.DataFrame) -> pd.DataFrame:
    """Every fusion and single modality against the prior, paired over seeds.

    Args:
        rows: of each dataset's main setting, as `main_rows` gives them.

    Returns:
        A row a dataset and method, single modalities first, then by score, best first: `dataset`,
        `fusion`, `single` (modality or not), `metric`, `score` with `low` and `high`, `prior_score`
        (means), `difference` with `difference_low` (positive: better), `seeds` and `above` (whether the
        interval of the difference lies above 0).
    """
    rows = rows[rows["ok"]]
    prior = rows.loc[rows["fusion_role"] == "prior", ["dataset", "seed", "score"]]
    rows = rows[rows["fusion_role"].isin((*FUSED, "unimodal"))]
    if not len(rows):
        return pd.DataFrame(columns=_COLUMNS)
    rows = rows.merge(prior, on=["dataset", "seed"], how="left", suffixes=("", "_prior"))
    rows["difference"] = rows["sign"] * (rows["score"] - rows["score_prior"])
    ratio = overlaps(rows)
    differences = intervals(rows, _METHOD, "difference", ratio)
    differences = differences.rename(columns={"low": "difference_low"})
    differences = differences.drop(columns=["high", "seeds"])
    facts = rows.groupby(_METHOD, as_index=False).agg(
        single=("fusion_role", lambda roles: roles.iloc[0] == "unimodal"),
        metric=("primary_metric", "first"),
        sign=("sign", "first"),
        prior_score=("score_prior", "mean"),
    )
    scores = intervals(rows, _METHOD, "score", ratio)
    table = facts.merge(scores, on=_METHOD).merge(differences, on=_METHOD)
    table["above"] = table["difference_low"] > 0
    table["oriented"] = table["sign"] * table["score"]
    order = ["dataset", "single", "oriented", "fusion"]
    table = table.sort_values(order, ascending=[True, False, False, True], ignore_index=True)
    return table[_COLUMNS]


def reading(group: pd.DataFrame) -> str:
    """One sentence on a dataset's rows of `against_prior`."""
    first = group.iloc[0]
    prior = f"the prior ({number(first['prior_score'])} {first['metric']})"
    if not (group["seeds"] > 1).any():
        return f"{first['dataset']}: one seed, no interval against {prior}."
    counts = [
        f"{int(part['above'].sum())} of {len(part)} {noun}"
        for part, noun in (
            (group[group["single"]], "single modalities"),
            (group[~group["single"]], "fusions"),
        )
    ]
    sentence = f"{first['dataset']}: {counts[0]} and {counts[1]} are shown to be above {prior}"
    below = group.loc[~group["above"], "fusion"]
    above = group.loc[group["above"], "fusion"]
    if len(below) and len(above):
        sentence += f": {_listed(above)}. Not shown to be: {_listed(below)}"
    return f"{sentence}."


def _listed(names: pd.Series[str]) -> str:
    more = len(names) - _NAMED
    return ", ".join(names.head(_NAMED)) + (f" and {more} more" if more > 0 else "")
