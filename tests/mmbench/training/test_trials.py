"""Which trainings share a pass, and that the others, and those it fails, train alone."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
import torch
from torch import nn

import mmbench
from mmbench.data.part import Part
from mmbench.jobs import Objective, Pick
from mmbench.training import trials
from mmbench.training.stack import Refused
from mmbench.training.trials import Trial, run_trials

HYPER = {"lr": 1e-2, "weight_decay": 1e-2}


class Looks(mmbench.LossWeighting):
    """Sees each batch, and so trains alone."""

    def observe(self, step):
        self.seen = step


class Plain(mmbench.JacobianWeighting):
    """The sum of the terms' gradients, where they are finite."""

    def update(self, losses, gradients):
        for name, loss in losses.items():
            if not loss.isfinite():
                raise mmbench.errors.NonFiniteError(
                    f"Expected a finite loss. Found {name} = {loss}."
                )
        return {group: torch.stack(list(rows.values())).sum(0) for group, rows in gradients.items()}


class Poison(nn.Module):
    """Gives NaN in training where its first weight says so."""

    def __init__(self, dims, out_dim):
        super().__init__()
        self.body = nn.Linear(sum(dims.values()), out_dim)
        self.register_buffer("broken", torch.zeros(()))

    def initialise(self, task, targets):
        self.broken.fill_(torch.rand(()).item() < 0.5)

    def forward(self, features):
        fused = self.body(torch.cat(list(features.values()), dim=1))
        return torch.where(self.broken > 0, torch.nan, fused)


class Tied(nn.Module):
    """One layer under two names."""

    def __init__(self, dims, out_dim):
        super().__init__()
        self.first = nn.Linear(sum(dims.values()), out_dim)
        self.second = nn.Linear(out_dim, out_dim)
        self.third = self.second

    def forward(self, features):
        return self.third(self.second(self.first(torch.cat(list(features.values()), dim=1))))


class Shared(Tied):
    """Two layers with one weight."""

    def __init__(self, dims, out_dim):
        super().__init__(dims, out_dim)
        self.third = nn.Linear(out_dim, out_dim)
        self.third.weight = self.second.weight


@pytest.fixture
def trial(bench):
    """A trial of the bench: `trial(seed, fusion=…, dropout=…)`."""
    bench.put(
        mmbench.Weighting("looks", Looks),
        mmbench.Weighting("plain", Plain),
        mmbench.Fusion("poison", Poison),
        mmbench.Fusion("tied", Tied),
        mmbench.Fusion("shared", Shared),
    )

    def make(seed=0, hyper=HYPER, fusion="concat", **changes):
        vault = bench.vault(seed)
        job = bench.job(Pick(fusion), seed=seed, **changes)
        return Trial(bench.recipe(job, vault), vault.training, {**HYPER, **hyper})

    return make


def outcome(found):
    return dict(found)


def alone(trials_):
    return [trial.fit(lambda done: None) for trial in trials_]


def test_trials_of_one_shape_train_in_one_pass_with_the_results_they_have_alone(trial):
    settings = [{"lr": 1e-2 * (seed + 1), "fusion.dropout": 0.1 * seed} for seed in range(5)]
    made = [trial(seed, hyper) for seed, hyper in enumerate(settings)]
    done = []
    found = outcome(run_trials(made, done.append))
    assert [found[place].lanes for place in range(5)] == [5] * 5
    assert done == pytest.approx([0.25, 0.5, 0.75, 1.0])
    for place, expected in enumerate(alone(made)):
        assert found[place].score == pytest.approx(expected.score)
        assert found[place].curves.train_loss == pytest.approx(expected.curves.train_loss, rel=1e-4)
        assert found[place].curves.backward_passes == expected.curves.backward_passes == 1.0


@pytest.mark.parametrize("fusion", ["tied", "shared"])
def test_what_a_model_has_under_two_names_trains_as_it_does_alone(fusion, trial):
    made = [trial(seed, fusion=fusion) for seed in range(4)]
    found = outcome(run_trials(made))
    for place, expected in enumerate(alone(made)):
        assert found[place].lanes == 4
        assert found[place].curves.train_loss == pytest.approx(expected.curves.train_loss, rel=1e-4)


def test_few_trials_train_alone(trial):
    made = [trial(seed) for seed in range(trials.MIN_LANES - 1)]
    assert {result.lanes for _, result in run_trials(made)} == {1}


def test_a_weighting_that_looks_trains_alone(trial):
    made = [trial(seed, weighting=Pick("looks")) for seed in range(5)]
    assert {result.lanes for _, result in run_trials(made)} == {1}


def test_trials_of_another_shape_train_apart(trial):
    made = [trial(seed) for seed in range(6)]
    made.insert(2, trial(7, {"out_dim": 8}))
    found = outcome(run_trials(made))
    assert [found[place].lanes for place in range(7)] == [6, 6, 1, 6, 6, 6, 6]


@pytest.mark.parametrize("limit", ["CACHE_BYTES", "DATA_BYTES"])
def test_large_models_and_large_data_train_alone(limit, trial, monkeypatch):
    monkeypatch.setattr(trials, limit, 1000)
    assert {result.lanes for _, result in run_trials([trial(s) for s in range(5)])} == {1}


def test_many_lanes_are_cut_evenly(trial, monkeypatch):
    monkeypatch.setitem(trials.MAX_LANES, "cpu", 8)
    found = outcome(run_trials([trial(seed % 3) for seed in range(11)]))
    assert sorted(result.lanes for result in found.values()) == [5] * 5 + [6] * 6


@pytest.mark.parametrize(("free", "expected"), [(10**12, 64), (2 * 5 * 1040, 5), (1000, 0)])
def test_a_gpu_takes_as_many_as_half_of_its_free_memory_holds(free, expected, monkeypatch):
    monkeypatch.setattr(torch.cuda, "mem_get_info", lambda device: (free, 10**12))
    on_gpu = SimpleNamespace(device=torch.device("cuda"))
    data = SimpleNamespace(
        train=SimpleNamespace(targets=on_gpu, nbytes=600), validation=SimpleNamespace(nbytes=200)
    )
    lane = SimpleNamespace(model=nn.Linear(14, 1), data=data)  # 15 numbers, 60 bytes, four times
    assert trials._most(lane) == expected


@pytest.mark.parametrize("weighting", ["sum", "plain"])
def test_a_lane_that_is_not_finite_fails_alone_and_costs_no_other(weighting, trial):
    made = [trial(seed, fusion="poison", weighting=Pick(weighting)) for seed in range(8)]
    found = outcome(run_trials(made))
    broken = {place for place, result in found.items() if isinstance(result, Exception)}
    assert 0 < len(broken) < 8
    for place in broken:
        assert isinstance(found[place], mmbench.errors.NonFiniteError)
        assert "Expected a finite" in str(found[place])
    assert all(found[place].lanes == 8 for place in set(range(8)) - broken)


@pytest.mark.parametrize("error", [Refused("no"), RuntimeError("vmap"), ZeroDivisionError()])
def test_what_cannot_share_a_pass_trains_alone(trial, monkeypatch, error):
    def refuse(*_):
        raise error

    monkeypatch.setattr(trials, "fit_lanes", refuse)
    made = [trial(seed) for seed in range(5)]
    found = outcome(run_trials(made))
    expected = [fitted.score for fitted in alone(made)]
    assert [found[place].score for place in range(5)] == expected
    assert {result.lanes for result in found.values()} == {1}


def test_a_pass_without_memory_is_halved(trial, monkeypatch):
    sizes, original = [], trials.fit_lanes

    def scarce(lanes, *rest):
        sizes.append(len(lanes))
        if len(lanes) > 3:
            raise MemoryError
        return original(lanes, *rest)

    monkeypatch.setattr(trials, "fit_lanes", scarce)
    found = outcome(run_trials([trial(seed) for seed in range(6)]))
    assert sizes == [6, 3, 3]
    assert [found[place].lanes for place in range(6)] == [3] * 6


def test_presence_is_stacked_and_what_vmap_cannot_run_trains_alone(trial, bench):
    def absent(made):
        here = torch.arange(len(made.data.train)) % 3 > 0
        part = made.data.train
        train = Part(part.inputs, {}, {"left": here}, part.targets)
        return Trial(made.recipe, type(made.data)(train, train, made.data.specs), made.hyper)

    plain = [absent(trial(seed)) for seed in range(5)]
    aligned = Objective("joint+align", alignment=Pick("distance"))
    pairs = [absent(trial(seed, objective=aligned)) for seed in range(5)]
    for made, lanes in ((plain, 5), (pairs, 1)):
        found = outcome(run_trials(made))
        assert {result.lanes for result in found.values()} == {lanes}
        for place, expected in enumerate(alone(made)):
            assert found[place].score == pytest.approx(expected.score)
