"""Small records whose verdicts can be worked out by hand."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pandas as pd
import pytest

Arm = tuple[str, list[float]]


def make_records(
    arms: dict[str, Arm],
    validation: dict[str, list[float]] | None = None,
    **columns: Any,
) -> pd.DataFrame:
    """Records of `{fusion: (role, test scores by seed)}`; a None score is a failed job.

    The validation score is the test score where `validation` does not give it.
    """
    rows = []
    for fusion, (role, scores) in arms.items():
        chosen_by = (validation or {}).get(fusion, scores)
        for seed, (score, validation_score) in enumerate(zip(scores, chosen_by, strict=True)):
            row = {
                "dataset": "pairs",
                "modalities": "image+text",
                "encoders": "image=cnn,text=words",
                "fusion": fusion,
                "fusion_role": role,
                "objective": "joint",
                "weighting": "sum",
                "seed": seed,
                "budget": "quick",
                "device": "cpu",
                "status": "failed" if score is None else "ok",
                "primary_metric": "accuracy",
                "greater_is_better": True,
                "score": score,
                "validation_score": validation_score,
                "n_train": 300,
                "n_test": 100,
            }
            rows.append(row | columns)
    return pd.DataFrame(rows).astype({"score": float, "validation_score": float})


@pytest.fixture(scope="session")
def make() -> Callable[..., pd.DataFrame]:
    return make_records
