from __future__ import annotations

import numpy as np
import pandas as pd

from mmbench.artifacts import Plot, Table, Text
from mmbench.reporting.verdicts import HELPS, verdicts
from mmbench_reports.verdict import section


def of(artifacts, kind):
    return [artifact for artifact in artifacts if isinstance(artifact, kind)]


def test_the_table_comes_first_and_holds_the_verdicts(records):
    artifacts = section(records)
    table = artifacts[0]
    assert isinstance(table, Table)
    pd.testing.assert_frame_equal(table.frame, verdicts(records))
    assert list(table.shown["verdict"]) == list(table.frame["verdict"])


def test_known_effects_are_found(records):
    found = verdicts(records).set_index("dataset")["verdict"]
    assert found["emoji"] == HELPS
    assert found["newsgroups_pairs"] != HELPS


def test_a_panel_for_each_metric(records):
    (plot,) = of(section(records), Plot)
    assert [ax.get_title(loc="left") for ax in plot.figure.axes] == ["accuracy", "f1_macro", "rmse"]


def test_dots_stand_at_the_differences(records):
    (plot,) = of(section(records), Plot)
    table = verdicts(records)
    accuracy = table[table["metric"] == "accuracy"]
    offsets = plot.figure.axes[0].collections[1].get_offsets()
    assert np.allclose(offsets[:, 0], accuracy["difference"])


def test_missing_controls_are_said(records):
    texts = of(section(records[records["fusion_role"] == ""]), Text)
    assert any("no single modality finished: run with `--controls`" in text.text for text in texts)


def test_other_settings_are_counted(records):
    said = [text.text for text in of(section(records), Text) if "main setting" in text.text]
    others = int((records["objective"] != "joint").sum())
    assert len(said) == 1
    assert (
        f"(objective joint, weighting equal, sampler uniform, budget quick, device cpu); {others} jobs"
        in said[0]
    )


def test_one_setting_is_not_worth_a_word(make):
    texts = of(section(make(datasets=1, weightings=False)), Text)
    assert not any("main setting" in text.text for text in texts)
