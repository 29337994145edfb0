from __future__ import annotations

import math
from dataclasses import replace

import pytest
import torch

from mmbench import Term
from mmbench.errors import BadParameter, NonFiniteError
from mmbench.testing.joint_model import joint_data, joint_model, joint_task, joint_terms
from mmbench.training.loop import training_of
from mmbench.training.step import Settings
from mmbench_weightings.mslr import MSLR

TERMS = (Term("joint"), Term("uni:a"), Term("uni:b"))


def training(lr):
    torch.manual_seed(0)
    task = joint_task("classification", lambda loss: loss)
    model, data = joint_model(2, task, lambda loss: loss), joint_data(2, task)
    settings = Settings(epochs=8, patience=8, batch_size=6, lr=lr, weight_decay=0.0, seed=0)
    return training_of(model, task, data, joint_terms(2), settings)


def test_rates_follow_a_modalitys_progress_over_the_window():
    weighting = MSLR(TERMS, window=2)
    weighting.factors = torch.tensor([3.0, 0.5])
    for a, b in ((0.2, 0.5), (0.4, 0.5), (0.6, 0.25)):
        assert weighting.rates()["encoder:a"] == 3.0
        weighting.end_epoch({}, {"uni:a": -math.log(a), "uni:b": -math.log(b)})
    expected = {"a": 3.0 * 0.6 / 0.3, "b": 0.5 * 0.25 / 0.5}
    assert weighting.rates() == {
        f"{part}:{name}": pytest.approx(rate, rel=1e-5)
        for name, rate in expected.items()
        for part in ("encoder", "head")
    }


def test_without_a_window_rates_are_kept():
    weighting = MSLR(TERMS, window=0)
    for loss in (3.0, 2.0, 1.0):
        weighting.end_epoch({}, {"uni:a": loss, "uni:b": loss})
    assert set(weighting.rates().values()) == {1.0}


def test_scores_that_underflow_keep_the_rate():
    weighting = MSLR(TERMS, window=1)
    for _ in range(2):
        weighting.end_epoch({}, {"uni:a": 1e4, "uni:b": 1e4})
    assert set(weighting.rates().values()) == {1.0}


def test_each_modality_starts_at_the_rate_that_suits_it_alone():
    slow = training(lr=1e-4)  # far too little for eight epochs
    before = [parameter.clone() for parameter in slow.model.parameters()]
    weighting = MSLR(joint_terms(2), spread=4.0)
    weighting.begin(slow)
    assert weighting.factors.tolist() == [4.0, 4.0]
    assert all(map(torch.equal, before, slow.model.parameters()))


def test_a_rate_that_diverges_is_not_chosen():
    whole = training(lr=1e-4)

    def diverging(modality, settings):
        if settings.lr > 1e-4:
            raise NonFiniteError("too fast")
        return whole.fit_alone(modality, replace(settings, lr=1e-2 * settings.lr))

    weighting = MSLR(joint_terms(2), spread=4.0)
    weighting.begin(replace(whole, fit_alone=diverging))
    assert set(weighting.factors.tolist()) <= {1.0, 0.25}


def test_no_spread_trains_nothing():
    weighting = MSLR(joint_terms(2))
    weighting.begin(replace(training(lr=1e-2), fit_alone=None))
    assert weighting.factors.tolist() == [1.0, 1.0]
    with pytest.raises(BadParameter, match="spread"):
        MSLR(TERMS, spread=0.5)
