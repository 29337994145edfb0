from __future__ import annotations

import numpy as np

from mmbench.artifacts import Plot, Table, Text
from mmbench_reports.ranking import section
from mmbench_reports.standings import overall, standings


def tables(artifacts) -> dict[str, Table]:
    return {artifact.name: artifact for artifact in artifacts if isinstance(artifact, Table)}


def test_a_table_for_all_and_one_for_each_dataset(records):
    names = {f"ranking-{name}" for name in ("autompg", "emoji", "mfeat", "newsgroups_pairs")}
    found = tables(section(records))
    assert set(found) == names | {"ranking", "ranking-seizure-windows", "ranking-yeast"}
    assert found["ranking"].frame.equals(overall(standings(records)))


def test_a_method_that_lacks_seeds_is_flagged(make):
    table = tables(section(make(datasets=1, weightings=False)))["ranking-mfeat"]
    lacking = ~table.frame["complete"].to_numpy()
    flagged = table.shown["seeds"].str.endswith("†").to_numpy()
    assert lacking.any()
    assert np.array_equal(lacking, flagged)
    assert (table.shown["failed"].to_numpy() >= lacking).all()


def test_how_failures_were_treated_is_said(records):
    text = section(records)[0]
    assert isinstance(text, Text)
    assert "ranked on the seeds it finished" in text.text


def test_what_is_not_behind_the_first_is_marked(make):
    table = tables(section(make(datasets=1)))["ranking-mfeat"]
    straddles = (table.frame["against_first_low"] <= 0) & (table.frame["against_first_high"] >= 0)
    expected = (straddles & (table.frame["rank"] != 1)).tolist()
    assert table.shown["against first"].str.contains("≈ first").tolist() == expected
    assert any(expected)
    assert not all(expected)


def test_names_that_make_one_slug_get_numbers(make):
    frame = make(datasets=2)
    frame["dataset"] = frame["dataset"].map({"mfeat": "A b", "emoji": "a-b"})
    assert set(tables(section(frame))) == {"ranking", "ranking-a-b", "ranking-a-b-2"}


def test_a_dataset_named_like_a_column_keeps_its_scores(make):
    frame = make(datasets=1).assign(dataset="failed")
    shown = tables(section(frame))["ranking"].shown
    assert shown.columns.tolist().count("failed") == 2


def test_fusions_stand_in_the_order_of_their_rank(records):
    (plot,) = (artifact for artifact in section(records) if isinstance(artifact, Plot))
    labels = [label.get_text() for label in plot.figure.axes[0].get_yticklabels()]
    assert labels == overall(standings(records))["fusion"].tolist()


def test_nothing_finished(make):
    frame = make(datasets=1).assign(status="failed", score=None)
    (text,) = section(frame)
    assert "nothing to rank" in text.text
