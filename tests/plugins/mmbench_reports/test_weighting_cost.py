from __future__ import annotations

import pandas as pd
import pytest

from mmbench.artifacts import Plot, Table, Text
from mmbench.reporting.comparisons import prepared
from mmbench_reports.arms import arms
from mmbench_reports.weighting_cost import costs, section


@pytest.fixture
def records(runs) -> pd.DataFrame:
    def arm(weighting: str, passes: float, seconds: list[float], **columns: object) -> pd.DataFrame:
        known = {"backward_passes": passes, "batch_seconds": seconds, "objective": "joint+uni"}
        return runs([0.5, 0.6, 0.7], weighting=weighting, **(known | columns))

    return pd.concat(
        [
            arm("sum", 1.0, [9.0, 9.0, 9.0], objective="joint"),
            arm("sum", 1.0, [2.0, 4.0, 2.0]),
            arm("clever", 4.0, [4.0, 4.0, 6.0]),
            arm("sum", 1.0, [1.0, 1.0, 1.0], fusion="mul", fusion_role=""),
            arm("clever", 4.0, [4.0, 4.0, 0.0], fusion="mul", fusion_role=""),
        ],
        ignore_index=True,
    )


def test_ratios_are_within_a_fusion_and_seed(records):
    row = costs(arms(prepared(records))).iloc[0]
    assert row["pairs"] == 6
    assert (row["passes"], row["passes_ratio"]) == (4.0, 4.0)
    # 2, 1 and 3 with the one fusion, 4, 4 and 0 with the other
    assert row["seconds_ratio"] == 2.5
    assert (row["seconds_ratio_low"], row["seconds_ratio_high"]) == (0.0, 4.0)


def test_the_plot_is_on_the_scale_of_the_default(records):
    plot, table = section(records)
    assert isinstance(plot, Plot)
    assert isinstance(table, Table)
    (ax,) = plot.figure.axes
    assert ax.get_xlabel() == "time a batch, as a multiple of that of sum"
    assert [tick.get_text() for tick in ax.get_yticklabels()] == ["clever"]
    assert table.shown["time, range"].tolist() == ["0.00 to 4.00"]


def test_passes_without_times(records):
    (table,) = section(records.drop(columns="batch_seconds"))
    assert isinstance(table, Table)
    assert table.shown["time, ratio"].tolist() == ["–"]


def test_no_costs(records):
    (text,) = section(records[records["weighting"] == "sum"])
    assert isinstance(text, Text)
