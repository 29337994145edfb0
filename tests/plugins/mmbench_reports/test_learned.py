from __future__ import annotations

import pandas as pd
import pytest

from mmbench.reporting.comparisons import prepared
from mmbench_reports.arms import arms
from mmbench_reports.learned import learned

ALONE, JOINT = [0.80, 0.82, 0.81], [0.60, 0.63, 0.60]
UNIFORM, CLEVER = [0.70, 0.72, 0.73], [0.78, 0.80, 0.80]


@pytest.fixture
def table(runs) -> pd.DataFrame:
    """`text` learns much less jointly than alone; `image` as much."""
    scores: list[float | None] = [0.9, 0.9, 0.9]
    image = {"probe_image": [0.5, 0.5, 0.5]}
    uni = {"objective": "joint+uni"}
    records = pd.concat(
        [
            runs(scores, probe_text=JOINT, **image),
            runs(scores, fusion="alone:text", fusion_role="unimodal", probe_text=ALONE),
            runs(scores, fusion="alone:image", fusion_role="unimodal", **image),
            runs(scores, probe_text=UNIFORM, **image, **uni),
            runs(scores, probe_text=CLEVER, weighting="clever", **image, **uni),
        ],
        ignore_index=True,
    )
    frame = prepared(records)
    return learned(frame, arms(frame))


def test_differences_by_hand(table, half_width):
    row = table.set_index(["weighting", "objective", "modality"]).loc[
        ("clever", "joint+uni", "text")
    ]
    assert row["probe"] == pytest.approx(0.7933333)
    for name, other in (("uniform", UNIFORM), ("joint", JOINT), ("alone", ALONE)):
        values = [first - second for first, second in zip(CLEVER, other, strict=True)]
        assert row[f"minus_{name}"] == pytest.approx(sum(values) / 3)
        assert row[f"minus_{name}_low"] == pytest.approx(sum(values) / 3 - half_width(values))
        assert row[f"minus_{name}_seeds"] == 3


def test_nothing_is_compared_with_itself(table):
    text = table[table["modality"] == "text"].set_index(["objective", "weighting"])
    assert text.loc[("joint+uni", "sum"), "minus_uniform_seeds"] == 0
    assert text.loc[("joint", "sum"), "minus_joint_seeds"] == 0
    assert text.loc[("joint+uni", "sum"), "minus_joint"] == pytest.approx(0.1066667)


def test_errors_are_turned(runs):
    joint, single = (
        runs([1.0, 1.0], probe_text=probes, greater_is_better=False, **columns)
        for probes, columns in (
            ([3.0, 3.0], {}),
            ([2.0, 2.0], {"fusion": "alone:text", "fusion_role": "unimodal"}),
        )
    )
    frame = prepared(pd.concat([joint, single], ignore_index=True))
    assert learned(frame, arms(frame))["minus_alone"].tolist() == [-1.0]
