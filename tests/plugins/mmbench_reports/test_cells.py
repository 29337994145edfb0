from __future__ import annotations

import pandas as pd
import pytest

from mmbench.reporting.comparisons import prepared
from mmbench_reports.arms import arms
from mmbench_reports.cells import cells, drawn


def test_cells_by_hand(two_by_three, half_width):
    table = cells(arms(prepared(two_by_three))).set_index(["fusion", "objective", "weighting"])
    row = table.loc[("mul", "joint+uni", "clever")]
    assert row["score"] == pytest.approx(0.6233333)
    assert row["low"] == pytest.approx(0.16 / 3 - half_width([0.05, 0.06, 0.05]))
    assert row["found"] == "better"
    assert table.loc[("add", "joint+uni", "sum"), "seeds"] == 0
    wild = table.loc[("add", "joint+uni", "wild")]
    assert (wild["finished"], wild["failed"], wild["asked"]) == (2, 1, 3)


def test_fusions_outside_the_grid_take_no_part(two_by_three, runs):
    control = runs([0.9, 0.9, 0.9], fusion="big", fusion_role="control")
    table = drawn(cells(arms(prepared(pd.concat([two_by_three, control])))))
    assert set(table["fusion"]) == {"add", "mul"}
