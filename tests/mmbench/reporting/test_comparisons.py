from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from mmbench.reporting.comparisons import main_rows, matrix, noise_floors, overlaps, prepared


def test_missing_columns_are_filled():
    frame = prepared(pd.DataFrame({"score": [0.5]}))
    assert frame.loc[0, "fusion_role"] == ""
    assert np.isnan(frame.loc[0, "params"])
    assert frame.loc[0, "ok"]
    assert frame.loc[0, "sign"] == 1.0


def test_no_records_at_all():
    frame = prepared(pd.DataFrame())
    assert len(main_rows(frame)) == 0
    assert "ok" in frame


def test_records_are_not_changed(make):
    records = make({"add": ("", [0.5, None])})
    before = records.copy(deep=True)
    main_rows(prepared(records))
    pd.testing.assert_frame_equal(records, before)


def test_failed_and_infinite_scores_are_not_ok(make):
    frame = prepared(make({"add": ("", [0.5, None, float("inf")])}))
    assert frame["ok"].tolist() == [True, False, False]


def test_the_last_record_of_a_condition_counts(make):
    twice = pd.concat([make({"add": ("", [None])}), make({"add": ("", [0.7])})])
    frame = prepared(twice)
    assert frame["score"].tolist() == [0.7]
    assert frame["status"].tolist() == ["ok"]


def test_alignments_are_different_conditions(make):
    two = pd.concat([make({"add": ("", [0.5])}, alignment=name) for name in ("infonce", "mmd")])
    assert len(prepared(two)) == 2


def test_the_sign_follows_the_dataset_also_in_failed_rows(make):
    records = make({"add": ("", [1.0, None])}, greater_is_better=False).astype(object)
    records.loc[1, "greater_is_better"] = None
    assert prepared(records)["sign"].tolist() == [-1.0, -1.0]


def test_main_setting_is_where_the_controls_are(make):
    controls = make({"add": ("default", [0.5]), "alone:text": ("unimodal", [0.4])})
    others = [make({"add": ("", [0.6])}, weighting=f"w{i}", budget="full") for i in range(5)]
    rows = main_rows(prepared(pd.concat([*others, controls])))
    assert set(rows["weighting"]) == {"sum"}
    assert len(rows) == 2


def test_the_default_weighting_decides_before_the_counts(make):
    arms = {"add": ("control", [0.5, 0.6])}
    records = pd.concat(
        [
            make(arms, weighting="a", weighting_role=""),
            make({"add": ("control", [0.5])}, weighting="b", weighting_role="default"),
        ]
    )
    assert set(main_rows(prepared(records))["weighting"]) == {"b"}


def test_of_two_settings_alike_the_one_with_fewer_terms(make):
    arms = {"add": ("default", [0.5])}
    records = pd.concat([make(arms, objective="joint+uni"), make(arms, objective="joint")])
    assert set(main_rows(prepared(records))["objective"]) == {"joint"}


def test_another_sampler_is_another_setting(make):
    arms = {"add": ("default", [0.5])}
    records = pd.concat(
        [
            make(arms, sampler="balanced"),
            make({**arms, "alone:text": ("unimodal", [0.4])}, sampler="all"),
        ]
    )
    assert len(prepared(records)) == 3
    assert set(main_rows(prepared(records))["sampler"]) == {"all"}


def test_the_default_sampler_decides_before_the_counts(make):
    records = pd.concat(
        [
            make({"add": ("default", [0.5, 0.6])}, sampler="a", sampler_role=""),
            make({"add": ("default", [0.5])}, sampler="b", sampler_role="default"),
        ]
    )
    assert set(main_rows(prepared(records))["sampler"]) == {"b"}


def test_free_columns_may_differ_from_the_main_setting(make):
    records = pd.concat(
        [
            make({"add": ("default", [0.5, 0.6])}),
            make({"add": ("default", [0.7])}, weighting="w"),
            make({"add": ("default", [0.8])}, weighting="w", budget="full"),
            make({"add": ("default", [0.9])}, weighting="w", encoders="image=big,text=words"),
        ]
    )
    rows = main_rows(prepared(records), ["weighting"])
    assert rows["score"].tolist() == [0.5, 0.6, 0.7]


def test_single_modalities_with_inputs_of_their_own_take_part(make):
    records = pd.concat(
        [
            make({"add": ("default", [0.5])}),
            make({"alone:text": ("unimodal", [0.4])}, modalities="text", encoders="text=words"),
            make({"alone:text": ("unimodal", [0.3])}, modalities="text", encoders="text=other"),
        ]
    )
    rows = main_rows(prepared(records))
    assert sorted(rows["score"]) == [0.4, 0.5]


def test_other_encoders_take_no_part(make):
    many = make({"add": ("", [0.5, 0.5]), "mul": ("", [0.5, 0.5])})
    few = make({"add": ("", [0.9])}, encoders="image=big,text=words")
    assert 0.9 not in set(main_rows(prepared(pd.concat([few, many])))["score"])


def test_matrix_has_a_row_a_condition_and_a_column_a_seed(make):
    table = matrix(prepared(make({"add": ("", [0.1, None]), "mul": ("", [0.3, 0.4])})), ["fusion"])
    assert np.array_equal(table.to_numpy(), [[0.1, np.nan], [0.3, 0.4]], equal_nan=True)


def test_overlap_is_test_over_train(make):
    assert overlaps(prepared(make({"add": ("", [0.1])})))["pairs"] == pytest.approx(1 / 3)
    unknown = prepared(make({"add": ("", [0.1])}).drop(columns="n_train"))
    assert np.isnan(overlaps(unknown)["pairs"])


def test_noise_floor_pairs_a_method_with_its_second_entry(make):
    arms = {
        "add[k=2]": ("default", [0.5, 0.6, 0.9]),
        "add[k=2]:again": ("again", [0.4, 0.8, None]),
        "mul": ("", [0.0, 0.0, 0.0]),
    }
    floor = noise_floors(prepared(make(arms)))
    assert floor["pairs"] == pytest.approx(np.sqrt((0.01 + 0.04) / 2))
