from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from mmbench.artifacts import Text
from mmbench_reports.modalities import section, usage


def records(shuffled: list[float], greater: bool = True) -> pd.DataFrame:
    arms = {
        "add": ("default", [0.8, 0.9, 0.7]),
        "mul": ("", [0.1, 0.1, 0.1]),
        "mixed:text": ("shuffled", shuffled),
    }
    return pd.DataFrame(
        [
            {
                "dataset": "pairs",
                "fusion": fusion,
                "fusion_role": role,
                "seed": seed,
                "status": "ok",
                "greater_is_better": greater,
                "score": score,
                "n_train": 300,
                "n_test": 100,
            }
            for fusion, (role, scores) in arms.items()
            for seed, score in enumerate(scores)
        ]
    )


def test_difference_by_hand():
    row = usage(records([0.5, 0.6, 0.3])).iloc[0]
    differences = np.array([0.3, 0.3, 0.4])
    half = 4.302652729911275 * differences.std(ddof=1) * np.sqrt(2 / 3)
    assert row["modality"] == "text"
    assert row["difference"] == pytest.approx(differences.mean())
    assert row["low"] == pytest.approx(differences.mean() - half)
    assert (row["intact"], row["shuffled"]) == pytest.approx((0.8, 1.4 / 3))


@pytest.mark.parametrize(
    ("shuffled", "greater", "word"),
    [
        ([0.5, 0.6, 0.4], True, "used"),
        ([0.5, 0.6, 0.4], False, "hurts"),
        ([0.9, 0.6, 0.9], True, "no use shown"),
        ([0.5, np.nan, np.nan], True, "one seed, no interval"),
    ],
)
def test_words(shuffled, greater, word):
    assert usage(records(shuffled, greater))["used"].tolist() == [word]


def test_scores_are_means_over_the_seeds_that_both_have():
    row = usage(records([0.5, np.nan, 0.3])).iloc[0]
    assert row["intact"] == pytest.approx(0.75)
    assert row["seeds"] == 2


def test_without_shuffled_arms_it_says_what_to_do(make):
    frame = make(datasets=1)
    (text,) = section(frame[frame["fusion_role"] != "shuffled"])
    assert isinstance(text, Text)
    assert "--controls" in text.text


def test_a_row_for_each_dataset_and_modality(make):
    (table,) = section(make(datasets=2, failures=0))
    assert len(table.frame) == 2 * 3
    assert set(table.frame["modality"]) == {"audio", "image", "text"}
