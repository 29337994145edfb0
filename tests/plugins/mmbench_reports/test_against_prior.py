from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from mmbench.reporting.comparisons import main_rows, prepared
from mmbench_reports.against_prior import against_prior, reading

SCORES = {
    # fusion: role and test score by seed; the prior scores .25, .30 and .20
    "prior": ("prior", (0.25, 0.30, 0.20)),
    "unimodal:a": ("unimodal", (0.26, 0.29, 0.22)),
    "unimodal:b": ("unimodal", (0.24, 0.30, 0.21)),
    "tensor": ("", (0.95, 0.97, 0.93)),
    "average": ("", (0.25, 0.32, 0.18)),
    "concat": ("default", (0.35, 0.41, 0.31)),
}


def made(sign: float = 1.0, seeds: int = 3) -> pd.DataFrame:
    records = pd.DataFrame(
        {
            "dataset": "xor",
            "fusion": fusion,
            "fusion_role": role,
            "modalities": {"prior": "", "unimodal": fusion[-1:]}.get(role, "a+b"),
            "encoders": {"prior": "", "unimodal": f"{fusion[-1:]}=mlp"}.get(role, "a=mlp,b=mlp"),
            "seed": seed,
            "score": sign * scores[seed],
            "greater_is_better": sign > 0,
            "primary_metric": "accuracy",
            "n_train": 300,
            "n_test": 100,
        }
        for fusion, (role, scores) in SCORES.items()
        for seed in range(seeds)
    )
    return main_rows(prepared(records))


def test_a_method_is_above_where_the_corrected_interval_is():
    table = against_prior(made()).set_index("fusion")
    assert table["prior_score"].unique() == pytest.approx([0.25])
    for fusion, (_, scores) in list(SCORES.items())[1:]:
        differences = np.subtract(scores, SCORES["prior"][1])
        # Nadeau & Bengio 2003: the variance times 1/n + n_test/n_train.
        half = stats.t.ppf(0.975, 2) * np.sqrt(differences.var(ddof=1) * (1 / 3 + 1 / 3))
        row = table.loc[fusion]
        assert row["difference"] == pytest.approx(differences.mean())
        assert row["difference_low"] == pytest.approx(differences.mean() - half)
        assert row["above"] == (differences.mean() - half > 0)
    assert table["above"].to_dict() == {
        "unimodal:a": False,
        "unimodal:b": False,
        "tensor": True,
        "concat": True,
        "average": False,
    }


def test_single_modalities_come_first_and_then_the_best():
    table = against_prior(made())
    assert table["fusion"].tolist() == ["unimodal:a", "unimodal:b", "tensor", "concat", "average"]


def test_where_less_is_better_above_means_less():
    table = against_prior(made(sign=-1.0)).set_index("fusion")
    assert table.loc["tensor", "difference"] == pytest.approx(0.7)
    assert table["above"].equals(against_prior(made()).set_index("fusion")["above"])


def test_the_sentence_counts_and_names():
    assert reading(against_prior(made())) == (
        "xor: 0 of 2 single modalities and 2 of 3 fusions are shown to be above the prior (0.250 accuracy): "
        "tensor, concat. Not shown to be: unimodal:a, unimodal:b, average."
    )


def test_one_seed_shows_nothing():
    table = against_prior(made(seeds=1))
    assert not table["above"].any()
    assert reading(table) == "xor: one seed, no interval against the prior (0.250 accuracy)."


def test_without_a_prior_there_is_nothing_to_be_above():
    rows = made()
    table = against_prior(rows[rows["fusion_role"] != "prior"])
    assert table["prior_score"].isna().all()
    assert not table["above"].any()
    assert table["score"].notna().any()


def test_where_nothing_finished_there_is_nothing():
    rows = made().assign(ok=False)
    assert len(against_prior(rows)) == 0
    assert set(against_prior(rows)) == set(against_prior(made()))
