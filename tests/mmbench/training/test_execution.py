"""Trainings in another precision, and through the compiler."""

from __future__ import annotations

from functools import partial

import pytest
import torch

import mmbench
from mmbench.data.sealed import TrainingData
from mmbench.errors import NonFiniteError
from mmbench.jobs import Objective, Pick
from mmbench.options import read_options
from mmbench.registry import load_registry
from mmbench.suite import plan
from mmbench.training import loss_scale
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


@pytest.mark.parametrize("precision", ["bfloat16", "float16"])
def test_half_precision_rounds_inside_and_gives_float32(trials, precision):
    [whole], [rounded] = trials(), trials(precision=precision)
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


class Learned(mmbench.LossWeighting):
    """Reads the losses' values, and has a parameter."""

    def __init__(self, terms):
        super().__init__(terms)
        self.logs = torch.nn.Parameter(torch.zeros(len(terms)))

    def forward(self, losses):
        return (torch.stack([*losses.values()]) * torch.exp(-self.logs) + self.logs).sum()


class Strict(mmbench.JacobianWeighting):
    """Reads the gradients, and has no use for those that are not finite."""

    def update(self, losses, gradients):
        rows = [row for by_term in gradients.values() for row in by_term.values()]
        if not all(row.isfinite().all() for row in rows):
            raise NonFiniteError("Expected finite gradients.")
        return {group: sum(by_term.values()) for group, by_term in gradients.items() if by_term}


@pytest.fixture(params=["sum", "learned", "strict"])
def weighted(request, bench):
    bench.put(mmbench.Weighting("learned", Learned), mmbench.Weighting("strict", Strict))
    return {"weighting": Pick(request.param), "objective": Objective("joint+uni")}


def test_float16_learns_as_single_precision_under_any_weighting(trials, weighted):
    curves = {}
    for precision in ("float32", "float16"):
        made = trials(3, precision=precision, **weighted)
        found = dict(run_trials(made))
        curves[precision] = [found[place].curves.train_loss for place in range(3)]
    assert {fitted.lanes for fitted in found.values()} == {1}
    for half, whole in zip(curves["float16"], curves["float32"], strict=True):
        assert half == pytest.approx(whole, rel=0.05)
        assert half != whole


def test_steps_that_overflow_are_left_out(trials, weighted, monkeypatch):
    """The factor starts far too high: some steps are lost, and no weight is."""
    monkeypatch.setattr(loss_scale, "START", 2.0**30)
    [trial] = trials(precision="float16", **weighted)
    fitted = trial.fit(lambda done: None)
    assert all(value.isfinite().all() for value in fitted.model.state_dict().values())
    first, *_, last = fitted.curves.train_loss
    assert last < first


def test_a_factor_that_never_fits_ends_the_training(trials, monkeypatch):
    monkeypatch.setattr(loss_scale, "START", 0.5)
    with pytest.raises(NonFiniteError, match="bfloat16"):
        trials(precision="float16")[0].fit(lambda done: None)


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
