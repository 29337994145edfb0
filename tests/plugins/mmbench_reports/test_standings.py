from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from mmbench.statistics import mean_interval, paired_difference
from mmbench_reports.standings import overall, standings


def records(arms: dict[str, list[float | None]], **columns) -> pd.DataFrame:
    return pd.DataFrame(
        [
            {
                "dataset": "pairs",
                "fusion": fusion,
                "fusion_role": {"alone:text": "unimodal", "mixed:text": "shuffled"}.get(fusion, ""),
                "seed": seed,
                "status": "failed" if score is None else "ok",
                "greater_is_better": True,
                "score": score,
                "params": 10.0 * (seed + 1),
                "train_seconds": 2.0,
                "n_train": 300,
                "n_test": 100,
            }
            | columns
            for fusion, scores in arms.items()
            for seed, score in enumerate(scores)
        ]
    )


def test_scores_intervals_and_ranks():
    add, mul = [0.8, 0.7, 0.9], [0.5, 0.6, 0.4]
    table = standings(records({"mul": mul, "add": add})).set_index("fusion")
    interval = mean_interval(add, 1 / 3)
    behind = paired_difference(mul, add, 1 / 3)
    assert table.index.tolist() == ["add", "mul"]
    assert table["rank"].tolist() == [1, 2]
    assert table.loc["add", "low"] == pytest.approx(interval.low)
    assert table.loc["mul", "against_first"] == pytest.approx(-0.3)
    assert table.loc["mul", "against_first_high"] == pytest.approx(behind.high)
    assert table["params"].tolist() == [20, 20]


def test_errors_rank_from_the_lowest():
    table = standings(records({"add": [3.0, 3.0], "mul": [2.0, 2.0]}, greater_is_better=False))
    assert table["fusion"].tolist() == ["mul", "add"]
    assert table["against_first"].tolist() == [0, -1]


def test_a_failed_seed_is_ranked_on_the_others_and_flagged():
    table = standings(records({"add": [0.9, None], "mul": [0.5, 0.5]})).set_index("fusion")
    assert table["rank"].to_dict() == {"add": 1, "mul": 2}
    assert table["complete"].to_dict() == {"add": False, "mul": True}
    assert table["failed"].to_dict() == {"add": 1, "mul": 0}


def test_a_method_that_failed_everywhere_is_last_with_its_equals():
    table = standings(records({"a": [None], "b": [None], "c": [0.1]})).set_index("fusion")
    assert table["rank"].to_dict() == {"c": 1, "a": 2.5, "b": 2.5}
    assert np.isnan(table.loc["a", "score"])


def test_single_modalities_stand_in_order_without_a_rank():
    table = standings(records({"add": [0.5, 0.5], "alone:text": [0.9, 0.9]}))
    assert table["fusion"].tolist() == ["alone:text", "add"]
    assert np.isnan(table["rank"].iloc[0])
    assert table["against_first"].iloc[0] == pytest.approx(0.4)


def test_shuffled_and_skipped_arms_take_no_part():
    frame = records({"add": [0.5], "mixed:text": [0.9], "mul": [None]})
    frame.loc[frame["fusion"] == "mul", "status"] = "skipped"
    assert standings(frame)["fusion"].tolist() == ["add"]


def test_without_a_fusion_nothing_is_compared_with_the_first():
    table = standings(records({"alone:text": [0.9, 0.8]}))
    assert table["against_first"].isna().all()


def test_overall_averages_ranks_over_the_datasets_tried():
    frame = pd.concat(
        [
            records({"a": [0.9], "b": [0.5], "c": [0.1]}),
            records({"a": [None], "b": [0.5]}, dataset="other"),
        ]
    )
    table = overall(standings(frame)).set_index("fusion")
    assert table["average_rank"].to_dict() == {"a": 1.5, "b": 1.5, "c": 3.0}
    assert table["datasets"].to_dict() == {"a": 2, "b": 2, "c": 1}
    assert table["incomplete"].to_dict() == {"a": 1, "b": 0, "c": 0}
    assert table["train_seconds"].to_dict() == {"a": 4.0, "b": 4.0, "c": 2.0}
    assert table.loc["b", "score:other"] == 0.5
