from __future__ import annotations

import pandas as pd

from mmbench.reporting.comparisons import prepared
from mmbench_reports.arms import arms
from mmbench_reports.limits import limits


def test_few_seeds_and_one_trial_are_said(runs):
    records = pd.concat(
        [
            runs([0.5] * 4, dataset="few", trial_scores=[[0.5]] * 4),
            runs([0.5] * 5, dataset="enough", trial_scores=[[0.5, 0.6]] * 5),
        ],
        ignore_index=True,
    )
    seeds, trials = limits(arms(prepared(records)))
    assert "fewer than 5 seeds on few (4)." in seeds
    assert "one trial a job on few." in trials


def test_nothing_is_said_of_what_is_not_known(runs):
    assert limits(arms(prepared(runs([0.5] * 5)))) == []
