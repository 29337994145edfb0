from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from mmbench.reporting.verdicts import (
    CANNOT_SAY,
    HELPS,
    HURTS,
    NO_DIFFERENCE,
    ONE_SEED,
    headline,
    verdicts,
)

TEXT = ("unimodal", [0.50, 0.52, 0.51])
IMAGE = ("unimodal", [0.40, 0.41, 0.42])


def one(records: pd.DataFrame) -> pd.Series:
    table = verdicts(records)
    assert len(table) == 1
    return table.iloc[0]


def test_difference_and_interval_by_hand(make):
    row = one(make({"add": ("default", [0.60, 0.64, 0.62]), "alone:text": TEXT}))
    differences = np.array([0.10, 0.12, 0.11])
    half = 4.302652729911275 * differences.std(ddof=1) * np.sqrt(1 / 3 + 1 / 3)
    assert row["difference"] == pytest.approx(0.11)
    assert row["low"] == pytest.approx(0.11 - half)
    assert row["high"] == pytest.approx(0.11 + half)
    assert row["verdict"] == HELPS
    assert row["seeds"] == 3
    assert (row["single_score"], row["fusion_score"]) == pytest.approx((0.51, 0.62))


@pytest.mark.parametrize(
    ("scores", "word"),
    [
        ([0.60, 0.63, 0.61], HELPS),
        ([0.40, 0.41, 0.41], HURTS),
        ([0.55, 0.50, 0.49], NO_DIFFERENCE),
    ],
)
def test_words(make, scores, word):
    assert one(make({"add": ("default", scores), "alone:text": TEXT}))["verdict"] == word


def test_errors_are_turned_so_that_positive_is_better(make):
    arms = {"add": ("default", [1.0, 1.1, 1.2]), "alone:text": ("unimodal", [2.0, 2.1, 2.3])}
    row = one(make(arms, greater_is_better=False, primary_metric="rmse"))
    assert row["difference"] == pytest.approx(np.mean([1.0, 1.0, 1.1]))
    assert row["verdict"] == HELPS
    assert row["metric"] == "rmse"


def test_both_sides_are_chosen_by_validation_never_by_test(make):
    arms = {
        "add": ("default", [0.1, 0.9]),
        "mul": ("", [0.2, 0.8]),
        "alone:image": ("unimodal", [0.3, 0.7]),
        "alone:text": ("unimodal", [0.4, 0.6]),
    }
    validation = {
        "add": [0.9, 0.1],
        "mul": [0.1, 0.9],
        "alone:image": [0.9, 0.1],
        "alone:text": [0.1, 0.9],
    }
    row = one(make(arms, validation))
    assert row["fusion_score"] == pytest.approx((0.1 + 0.8) / 2)
    assert row["single_score"] == pytest.approx((0.3 + 0.6) / 2)
    assert row["fusion"] == "add 1/2, mul 1/2"
    assert row["single"] == "alone:image 1/2, alone:text 1/2"


def test_lower_validation_errors_are_chosen(make):
    arms = {
        "add": ("", [5.0, 5.0]),
        "mul": ("", [9.0, 9.0]),
        "alone:text": ("unimodal", [7.0, 7.0]),
    }
    validation = {"add": [3.0, 3.0], "mul": [2.0, 2.0]}
    row = one(make(arms, validation, greater_is_better=False))
    assert row["fusion"] == "mul 2/2"
    assert row["difference"] == -2.0


@pytest.mark.parametrize("role", ["again", "shuffled", "prior"])
def test_only_fusions_compete(make, role):
    arms = {"add": ("default", [0.5, 0.5]), "x": (role, [0.99, 0.99]), "alone:text": TEXT}
    arms["alone:text"] = ("unimodal", [0.4, 0.4])
    assert one(make(arms))["fusion"] == "add 2/2"


def test_a_tie_goes_by_name(make):
    arms = {
        "b": ("", [0.9, 0.9]),
        "a": ("", [0.1, 0.1]),
        "alone:text": ("unimodal", [0.5, 0.5]),
    }
    row = one(make(arms, {"a": [0.7, 0.7], "b": [0.7, 0.7]}))
    assert row["fusion"] == "a 2/2"


def test_a_seed_counts_where_both_sides_finished(make):
    arms = {"add": ("default", [0.6, None, 0.7]), "alone:text": TEXT}
    row = one(make(arms))
    assert row["seeds"] == 2
    assert row["failed"] == 1
    assert row["difference"] == pytest.approx((0.10 + 0.19) / 2)


def test_one_seed_gives_no_interval_and_no_verdict(make):
    table = verdicts(make({"add": ("default", [0.9]), "alone:text": ("unimodal", [0.1])}))
    assert table["verdict"].tolist() == [ONE_SEED]
    assert np.isnan(table["low"].iloc[0])
    assert "two seeds" in table["note"].iloc[0]
    assert "two seeds" in headline(table)


def test_missing_controls_are_named_with_the_remedy(make):
    row = one(make({"add": ("default", [0.6, 0.7])}))
    assert row["verdict"] == CANNOT_SAY
    assert "no single modality finished: run with `--controls`" in row["note"]
    assert "no A/A arm" in row["note"]


def test_missing_sizes_are_said(make):
    arms = {"add": ("default", [0.6, 0.7]), "alone:text": ("unimodal", [0.1, 0.3])}
    row = one(make(arms).drop(columns="n_test"))
    assert row["verdict"] == CANNOT_SAY
    assert "n_test" in row["note"]


def test_a_difference_within_the_noise_floor_is_marked(make):
    arms = {
        "add": ("default", [0.52, 0.54, 0.53]),
        "add:again": ("again", [0.42, 0.64, 0.43]),
        "alone:text": TEXT,
    }
    table = verdicts(make(arms))
    assert table["noise_floor"].iloc[0] == pytest.approx(0.1)
    assert bool(table["within_noise"].iloc[0])
    assert table["verdict"].iloc[0] == HELPS
    assert headline(table).endswith("(1 within the noise of a repeated run)")


def test_a_fusion_no_better_than_the_prior_is_said(make):
    arms = {
        "add": ("default", [0.3, 0.31]),
        "alone:text": ("unimodal", [0.2, 0.2]),
        "majority": ("prior", [0.4, 0.4]),
    }
    row = one(make(arms))
    assert row["prior_score"] == 0.4
    assert "no better than the majority" in row["note"]


def test_headline_counts_datasets(make):
    helps = {"add": ("default", [0.60, 0.63, 0.61]), "alone:text": TEXT}
    hurts = {"add": ("default", [0.40, 0.41, 0.41]), "alone:text": TEXT}
    records = pd.concat(
        [
            make(helps, dataset="a"),
            make(helps, dataset="b"),
            make(hurts, dataset="c"),
            make({"add": ("default", [0.5])}, dataset="d"),
        ]
    )
    assert (
        headline(verdicts(records))
        == "Fusion beats the best single modality on 2 of 3 datasets and loses on 1"
    )


def test_no_records(make):
    table = verdicts(pd.DataFrame())
    assert len(table) == 0
    assert headline(table).startswith("No verdict yet")


def test_everything_failed(make):
    row = one(make({"add": ("default", [None, None]), "alone:text": ("unimodal", [None, None])}))
    assert row["verdict"] == CANNOT_SAY
    assert row["failed"] == row["jobs"] == 4
