from __future__ import annotations

from mmbench.artifacts import Table, Text
from mmbench.reporting.comparisons import prepared
from mmbench_reports.run import environment, section, splits


def texts(records) -> str:
    return "\n".join(a.text for a in section(records) if isinstance(a, Text))


def test_the_command_repeats_it(make):
    assert "To repeat it: `mmbench run --all --budget quick`" in texts(make(datasets=1))


def test_a_command_may_be_a_list(make):
    frame = make(datasets=1)
    frame.attrs["run"]["command"] = ["mmbench", "run"]
    assert "To repeat it: `mmbench run`" in texts(frame)


def test_without_a_manifest_it_says_so(make):
    frame = make(datasets=1)
    frame.attrs.clear()
    assert "no manifest" in texts(frame)
    assert environment(frame).set_index("what").loc["torch", "value"] == "2.9.0"


def test_environment_comes_from_the_manifest_and_the_records(make):
    facts = environment(make(datasets=1)).set_index("what")["value"]
    assert facts["cpu"] == "AMD EPYC 7B13"
    assert facts["budget"] == "quick"
    assert facts["jobs started"].startswith("2025-11-25T04:00")


def test_one_row_for_each_split(make):
    table = splits(prepared(make(datasets=2)))
    assert len(table) == 2 * 3
    assert table["n_test"].tolist() == [400] * 6
    assert "Not comparable" not in texts(make(datasets=2))


def test_two_splits_in_a_seed_are_an_alarm(make):
    frame = make(datasets=2)
    frame.loc[frame.index[0], "split_hash"] = "other"
    assert "Not comparable: mfeat has more than one split" in texts(frame)


def test_a_split_of_its_own_is_said(make):
    frame = make(datasets=2).assign(split_hash="fixed")
    assert "emoji, mfeat comes with a split of its own" in texts(frame)


def test_plugins_are_listed(make):
    tables = [a for a in section(make(datasets=1)) if isinstance(a, Table)]
    names = {table.name for table in tables}
    assert names == {"environment", "plugins", "splits"}
