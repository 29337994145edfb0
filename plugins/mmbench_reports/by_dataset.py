"""Each weighting against uniform weights, a column a dataset."""

from __future__ import annotations

import numpy as np
import pandas as pd

from mmbench.artifacts import Table
from mmbench_reports.formatting import NONE, each, signed
from mmbench_reports.paired import BETTER, WORSE

__all__ = ["by_dataset"]

_ROW = ["weighting", "terms"]
_MARKS = {BETTER: " ▲", WORSE: " ▼"}


def by_dataset(table: pd.DataFrame, shown: pd.DataFrame) -> list[Table]:
    """By how much each weighting beats uniform weights of the same objective, on each dataset.

    Args:
        table: of comparisons, as `mmbench_reports.weightings.compared` gives them.
        shown: arms of the one fusion a dataset that is shown.

    Returns:
        One table, its best mean difference first; none where nothing is compared with uniform weights.

    """
    chosen = shown[["dataset", "fusion"]].drop_duplicates()
    rows = table[table["against_uniform"]].merge(chosen, on=["dataset", "fusion"])
    rows = rows.drop_duplicates([*_ROW, "dataset"])
    if not len(rows):
        return []
    rows["text"] = each(_cell, rows["difference"], rows["within_noise"], rows["found"])
    values = rows.pivot(index=_ROW, columns="dataset", values="difference")
    texts = rows.pivot(index=_ROW, columns="dataset", values="text").fillna(NONE)
    order = values.mean(axis=1).sort_values(ascending=False, kind="stable").index
    values, texts = (found.loc[order].reset_index() for found in (values, texts))
    caption = (
        "Mean test score less that of uniform weights with the same objective and fusion, paired over "
        "seeds. ▲ ▼: the 95 % interval excludes 0; in brackets: within the noise floor. By the mean over "
        "datasets, whose metrics differ."
    )
    texts = texts.rename(columns={"terms": "objective"})
    return [Table("weightings-by-dataset", caption, values, texts)]


def _cell(difference: float, within_noise: bool, found: str) -> str:
    if not np.isfinite(difference):
        return NONE
    text = f"({signed(difference)})" if within_noise else signed(difference)
    return text + _MARKS.get(found, "")
