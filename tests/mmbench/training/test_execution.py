"""Trainings in another precision, and through the compiler."""

from __future__ import annotations

from functools import partial

import pytest
import torch

import mmbench
from mmbench.data.sealed import TrainingData
from mmbench.options import read_options
from mmbench.registry import load_registry
from mmbench.suite import plan
from mmbench.training.trials import Trial, run_trials

HYPER = {"lr": 1e-2, "weight_decay": 1e-2}


@pytest.fixture
def trials(bench):
    def make(count=1, **changes):
        vaults = [(seed, bench.vault(seed)) for seed in range(count)]
        return [
            Trial(bench.recipe(bench.job(seed=seed, **changes), vault), vault.training, HYPER)
            for seed, vault in vaults
        ]

    return make


def outputs(trial: Trial):
    model, data = trial.lane().model.eval(), trial.data
    assert isinstance(data, TrainingData)
    with torch.no_grad():
        return model(data.validation)


def test_bfloat16_rounds_inside_and_gives_float32(trials):
    [whole], [rounded] = trials(), trials(precision="bfloat16")
    expected, found = outputs(whole), outputs(rounded)
    assert found.prediction.dtype == torch.float32
    assert {x.dtype for x in found.features.values()} == {torch.float32}
    assert not torch.equal(found.prediction, expected.prediction)
    torch.testing.assert_close(found.prediction, expected.prediction, rtol=0.05, atol=0.05)


def test_bfloat16_does_not_round_the_numbers_of_items(bench, trials):
    bench.task = "retrieval"
    [trial] = trials(precision="bfloat16")
    found = outputs(trial).gallery[:, -1]
    assert torch.equal(found, trial.data.validation.targets.float())


def test_bfloat16_learns_in_lanes_as_alone(trials):
    made = trials(5, precision="bfloat16")
    found = dict(run_trials(made))
    for place, trial in enumerate(made):
        assert found[place].lanes == 5
        alone = trial.fit(lambda done: None).curves.train_loss
        assert found[place].curves.train_loss == pytest.approx(alone, rel=0.1)


@pytest.mark.filterwarnings("ignore:The .grad attribute:UserWarning")  # the compiler looks at it
def test_a_compiled_model_trains_to_the_same_weights(trials, monkeypatch):
    calls = []
    compiling = torch.compile

    def compile_(*args, **kwargs):
        calls.append(args)
        return compiling(
            *args, **kwargs, backend="eager"
        )  # the graph without its code: that takes a minute

    monkeypatch.setattr(torch, "compile", compile_)
    eager = [trial.fit(lambda done: None) for trial in trials(1)]
    assert not calls
    [compiled] = [trial.fit(lambda done: None) for trial in trials(1, mode="compiled")]
    assert calls
    torch.testing.assert_close(compiled.model.state_dict(), eager[0].model.state_dict())
    torch.compiler.reset()


def test_compiled_models_train_alone(trials, monkeypatch):
    monkeypatch.setattr(torch, "compile", lambda call, *args, **kwargs: call)
    found = dict(run_trials(trials(5, mode="compiled")))
    assert {fitted.lanes for fitted in found.values()} == {1}


def test_no_compiler_is_wrong_usage(monkeypatch):
    monkeypatch.setattr("shutil.which", lambda name: None)
    given = {"datasets": ["mfeat"], "fusions": ["concat"], "mode": "compiled"}
    ask = partial(plan, read_options(None, given), load_registry())
    with pytest.raises(mmbench.errors.UsageError, match=r"Expected a C\+\+ compiler"):
        ask("cpu")
    assert ask("cuda")
