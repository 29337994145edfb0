from __future__ import annotations

import pandas as pd
import pytest

from mmbench.artifacts import Table, Text
from mmbench_reports.samplers import compared, section


@pytest.fixture
def records(runs) -> pd.DataFrame:
    balanced = {"sampler": "balanced"}
    return pd.concat(
        [
            runs([0.50, 0.60, 0.55], sampler="all"),
            runs([0.50, 0.60, 0.55], sampler="all", fusion="alone:a", fusion_role="unimodal"),
            runs([0.55, 0.66, 0.59], **balanced),
            runs([0.70, 0.71, 0.72], sampler="all", weighting="clever", objective="joint+uni"),
            runs([0.60, 0.62, 0.61], weighting="clever", objective="joint+uni", **balanced),
        ],
        ignore_index=True,
    )


def test_each_is_compared_under_the_same_weighting(records, half_width):
    table = compared(records).set_index("weighting")
    differences = [0.05, 0.06, 0.04]
    assert set(table["sampler"]) == {"balanced"}
    assert set(table["against"]) == {"all"}
    assert table.loc["sum", "difference"] == pytest.approx(0.05)
    assert table.loc["sum", "low"] == pytest.approx(0.05 - half_width(differences))
    assert table["found"].to_dict() == {"sum": "better", "clever": "worse"}


def test_a_sentence_and_a_table(records):
    text, table = section(records)
    assert isinstance(text, Text)
    assert text.text.startswith("Of 2 comparisons of a sampler with the main one, 1 show")
    assert isinstance(table, Table)
    assert len(table.shown) == 2


def test_one_sampler(make):
    (text,) = section(make(datasets=1))
    assert isinstance(text, Text)
    assert "nothing to compare" in text.text
