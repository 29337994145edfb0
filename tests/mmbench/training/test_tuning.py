from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import nn

import mmbench
from mmbench.data.sealed import prepare
from mmbench.data.split import make_split
from mmbench.jobs import Pick
from mmbench.tasks import TASKS
from mmbench.training import trials, tuning
from mmbench.training.tuning import hyperparameters, tune


class Wide(nn.Module):
    """A fusion with a hyperparameter."""

    def __init__(self, dims, out_dim, width=8, scale=1.0):
        super().__init__()
        size = sum(dims.values())
        self.body = nn.Sequential(nn.Linear(size, width), nn.ReLU(), nn.Linear(width, out_dim))

    def forward(self, features):
        return self.body(torch.cat(list(features.values()), dim=1))


class Scaled(mmbench.LossWeighting):
    def __init__(self, terms, scale=1.0):
        super().__init__(terms)


@pytest.fixture
def tunable(bench):
    spaces = {"width": mmbench.Int(2, 64, log=True), "scale": mmbench.Float(0.1, 1.0)}
    bench.put(
        mmbench.Fusion("wide", Wide, parameters=spaces),
        mmbench.Weighting("scaled", Scaled, parameters={"scale": mmbench.Choice((1.0, 2.0))}),
    )
    return bench


def budget(bench, trials):
    return replace(bench.job().budget, trials=trials, epochs=2)


def test_the_first_trial_is_the_defaults(tunable):
    for job in (tunable.job(), tunable.job("wide"), tunable.job(seed=7)):
        hyper = hyperparameters(tunable.recipe(job), 0)
        assert hyper == tuning.DEFAULTS
        assert set(hyper) == {"lr", "weight_decay"}


def test_later_trials_draw_every_parameter_in_its_space(tunable):
    recipe = tunable.recipe(tunable.job("wide", weighting=Pick("scaled")))
    for trial in range(1, 30):
        hyper = hyperparameters(recipe, trial)
        assert set(hyper) == {
            "lr",
            "weight_decay",
            "fusion.width",
            "fusion.scale",
            "weighting.scale",
        }
        assert 5e-4 <= hyper["lr"] <= 2e-2
        assert 2 <= hyper["fusion.width"] <= 64
        assert hyper["weighting.scale"] in (1.0, 2.0)
    assert len({hyperparameters(recipe, trial)["lr"] for trial in range(30)}) == 30


@pytest.mark.parametrize("trial", range(4))
def test_every_method_meets_the_same_learning_rate_in_the_same_trial(tunable, trial):
    jobs = [
        tunable.job(),
        tunable.job("wide"),
        tunable.job("wide", weighting=Pick("scaled")),
        tunable.job(Pick("wide", {"width": 4})),
        tunable.job(again=True),
    ]
    found = [hyperparameters(tunable.recipe(job), trial) for job in jobs]
    assert len({(hyper["lr"], hyper["weight_decay"]) for hyper in found}) == 1


def test_every_seed_draws_its_own(tunable):
    found = {hyperparameters(tunable.recipe(tunable.job(seed=seed)), 1)["lr"] for seed in range(9)}
    assert len(found) == 9


def test_what_the_user_fixed_is_never_drawn(tunable):
    job = tunable.job(Pick("wide", {"width": 4}), weighting=Pick("scaled", {"scale": 1.0}))
    recipe = tunable.recipe(job)
    for trial in range(20):
        hyper = hyperparameters(recipe, trial)
        assert "fusion.width" not in hyper
        assert "weighting.scale" not in hyper
        assert recipe.model(hyper).fusion.body[0].out_features == 4


def test_the_best_trial_on_validation_is_kept(tunable, monkeypatch):
    scores, models = iter([0.5, 0.9, 0.1, 0.9]), []

    def fit(model, make, terms, data, task, settings, on_epoch, sampling):
        models.append((model, settings))
        on_epoch(1.0)
        return trials.Fitted(model, next(scores), curves=None)

    monkeypatch.setattr(trials, "fit", fit)
    monkeypatch.setattr(trials, "MIN_LANES", 5)
    recipe = tunable.recipe(tunable.job("wide", budget=budget(tunable, 4)))
    done = []
    tuned = tune(recipe, tunable.vault().training, done.append)
    assert done == pytest.approx([0.25, 0.5, 0.75, 1.0])
    assert tuned.scores == [0.5, 0.9, 0.1, 0.9]
    assert tuned.tried == [hyperparameters(recipe, trial) for trial in range(4)]
    assert tuned.hyper == tuned.tried[1]
    assert tuned.fitted.model is models[1][0]
    assert [settings.lr for _, settings in models] == [hyper["lr"] for hyper in tuned.tried]
    assert {settings.seed for _, settings in models} == {recipe.job.training_seed}
    assert {settings.epochs for _, settings in models} == {2}


def test_every_trial_starts_from_scratch(tunable):
    job = tunable.job(budget=budget(tunable, 2))
    tuned = tune(tunable.recipe(job), tunable.vault().training)
    once = tune(tunable.recipe(tunable.job(budget=budget(tunable, 1))), tunable.vault().training)
    assert tuned.scores[0] == once.scores[0]


def poisoned(samples, index):
    """The same samples with garbage at `index`, classes included."""
    inputs = {name: values.copy() for name, values in samples.inputs.items()}
    targets = samples.targets.copy()
    inputs["left"][index], inputs["right"][index] = 1e12, np.nan
    targets[index] = 1 - targets[index]
    return mmbench.Samples(inputs, targets)


def test_the_test_part_plays_no_part_in_training_and_tuning(tunable):
    split = make_split(tunable.samples, 0, 10**6, stratify=True)
    makers = dict.fromkeys(("left", "right"), mmbench.data.preparation.Standardise)
    job = tunable.job("wide", budget=budget(tunable, 3))
    found, tests = [], []
    for samples in (tunable.samples, poisoned(tunable.samples, split.test)):
        vault = prepare(samples, split, TASKS["classification"](), makers)
        found.append(tune(tunable.recipe(job, vault), vault.training))
        tests.append(vault.seal().open())
    clean, poison = found
    assert not torch.equal(tests[0].inputs["left"], tests[1].inputs["left"])
    assert clean.scores == poison.scores
    assert clean.hyper == poison.hyper
    assert clean.tried == poison.tried
    assert clean.fitted.curves == poison.fitted.curves
    one, two = clean.fitted.model.state_dict(), poison.fitted.model.state_dict()
    assert all(torch.equal(one[name], two[name]) for name in one)


def test_the_validation_part_does_matter(tunable):
    """The poison of the test above would be seen if it reached training."""
    split = make_split(tunable.samples, 0, 10**6, stratify=True)
    makers = dict.fromkeys(("left", "right"), mmbench.data.preparation.Standardise)
    curves = []
    for samples in (tunable.samples, poisoned(tunable.samples, split.validation)):
        vault = prepare(samples, split, TASKS["classification"](), makers)
        job = tunable.job(budget=budget(tunable, 1))
        curves.append(tune(tunable.recipe(job, vault), vault.training).fitted.curves)
    assert curves[0].train_loss == curves[1].train_loss
    assert curves[0].validation_score != curves[1].validation_score
