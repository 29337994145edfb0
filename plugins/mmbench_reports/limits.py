"""What a comparison of weightings may be held against it."""

from __future__ import annotations

import pandas as pd

from mmbench_reports.terms import curves

__all__ = ["limits"]

SEEDS = 5
"""Fewer do not support a comparison of weightings."""


def limits(rows: pd.DataFrame) -> list[str]:
    """A sentence a limit that the arms have: too few seeds, or learning rates that nobody tuned."""
    finished = rows[rows["ok"]]
    seeds = finished.groupby("dataset")["seed"].nunique()
    few = [f"{dataset} ({count})" for dataset, count in seeds[seeds < SEEDS].items()]
    sentences = []
    if few:
        sentences.append(
            f"A limit: fewer than {SEEDS} seeds on {', '.join(few)}. Read the differences there as a first look."
        )
    if "trial_scores" in finished:
        tried = curves(finished, "trial_scores", ["dataset"])
        trials = tried["trial_scores"].map(len).groupby(tried["dataset"]).max()
        untuned = trials[trials <= 1].index
        if len(untuned):
            sentences.append(
                f"A limit: one trial a job on {', '.join(untuned)}. The learning rate of no weighting, "
                "uniform ones included, is tuned: more trials may close a difference or open one."
            )
    return sentences
