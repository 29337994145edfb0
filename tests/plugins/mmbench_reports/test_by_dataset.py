from __future__ import annotations

import pandas as pd
import pytest

from mmbench_reports.by_dataset import by_dataset
from mmbench_reports.paired import BETTER, NO_DIFFERENCE, WORSE

SHOWN = pd.DataFrame({"dataset": ["a", "b"], "fusion": ["add", "add"], "seed": [0, 0]})


def row(dataset, weighting, difference, found, within_noise=False, **columns):
    return {
        "dataset": dataset,
        "fusion": "add",
        "weighting": weighting,
        "terms": "joint+uni",
        "against_uniform": True,
        "difference": difference,
        "within_noise": within_noise,
        "found": found,
    } | columns


def test_a_cell_says_by_how_much_whether_it_is_shown_and_whether_it_is_noise():
    [table] = by_dataset(
        pd.DataFrame(
            [
                row("a", "low", -0.03, WORSE),
                row("b", "low", 0.01, NO_DIFFERENCE),
                row("a", "high", 0.02, BETTER, within_noise=True),
                row("b", "high", float("nan"), "–"),
            ]
        ),
        SHOWN,
    )
    assert table.shown["weighting"].tolist() == ["high", "low"]
    assert table.shown["a"].tolist() == ["(+0.020) ▲", "−0.030 ▼"]
    assert table.shown["b"].tolist() == ["–", "+0.010"]
    assert table.frame["a"].tolist() == pytest.approx([0.02, -0.03])


def test_other_fusions_and_other_baselines_are_left_out():
    left = [
        row("a", "w", 0.5, BETTER, fusion="gated"),
        row("a", "sum", 0.5, BETTER, against_uniform=False),
    ]
    assert by_dataset(pd.DataFrame(left), SHOWN) == []
    [table] = by_dataset(pd.DataFrame([*left, row("a", "w", 0.1, BETTER)]), SHOWN)
    assert table.shown["a"].tolist() == ["+0.100 ▲"]
