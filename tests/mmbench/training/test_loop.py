from __future__ import annotations

import functools
import itertools
import math
import operator
from dataclasses import replace

import pytest
import torch
from torch import nn

import mmbench
from mmbench.data.part import Part
from mmbench.data.sealed import TrainingData
from mmbench.errors import NonFiniteError
from mmbench.jobs import Objective, Pick
from mmbench.model import FusionModel
from mmbench.training import loop
from mmbench.training.loop import fit, predict
from mmbench.training.step import Settings

TERMS = (mmbench.Term("joint"),)
SETTINGS = Settings(epochs=5, patience=5, batch_size=16, lr=1e-2, weight_decay=1e-2, seed=0)


@pytest.fixture
def train(bench):
    """Fit a job of the bench."""

    def run(job=None, settings=SETTINGS, make=None, **more):
        recipe = bench.recipe(job)
        data = bench.vault().training
        make = make or (lambda terms: recipe.weighting({}, terms))
        return fit(recipe.model({}), make, recipe.terms, data, recipe.task, settings, **more)

    return run


def weights_of(fitted):
    return torch.cat([parameter.detach().flatten() for parameter in fitted.model.parameters()])


def seen_batches(model):
    """The first column of every batch the left encoder is given, in training."""
    seen = []

    def note(module, given, _):
        if module.training and torch.is_grad_enabled():
            seen.append(given[0][:, 0].tolist())

    model.encoders["@left"].register_forward_hook(note)
    return seen


def test_a_separable_problem_is_learned(train, bench):
    fitted = train(settings=replace(SETTINGS, epochs=15, patience=15))
    assert fitted.score >= 0.9
    losses = fitted.curves.train_loss
    assert losses[-1] < losses[0] / 2
    assert losses == fitted.curves.terms["joint"]
    prediction, targets, means = predict(
        fitted.model, bench.vault().training.validation, bench.vault().task
    )
    found = (prediction.argmax(dim=1) == targets).float().mean().item()
    assert found == pytest.approx(fitted.score)
    assert means == {}


def test_every_curve_has_one_value_per_epoch(train):
    done = []
    curves = train(on_epoch=done.append).curves
    assert done == pytest.approx([0.2, 0.4, 0.6, 0.8, 1.0])
    for curve in (curves.train_loss, curves.validation_loss, curves.validation_score):
        assert len(curve) == 5
        assert all(map(math.isfinite, curve))


def scripted(monkeypatch, scores):
    """Validation scores as written; the weights that each was given for."""
    states, left = [], iter(scores)

    def validate(model, data, task, terms, curves):
        states.append({name: value.clone() for name, value in model.state_dict().items()})
        return next(left), {"joint": 1.0}

    monkeypatch.setattr(loop, "_validate", validate)
    return states


def test_the_best_epoch_is_restored(train, monkeypatch):
    states = scripted(monkeypatch, [0.1, 0.9, 0.2, 0.9, 0.3])
    fitted = train()
    found = fitted.model.state_dict()
    assert fitted.score == 0.9
    assert len(states) == 5
    assert all(torch.equal(found[name], states[1][name]) for name in found)
    assert not all(torch.equal(found[name], states[3][name]) for name in found)


def test_training_stops_when_patience_runs_out(train, monkeypatch):
    states = scripted(monkeypatch, [0.1, 0.5, 0.5, 0.4, 0.9])
    assert train(settings=replace(SETTINGS, patience=2)).score == 0.5
    assert len(states) == 4


def test_a_training_loss_that_is_not_finite_is_named_with_its_epoch(train, bench):
    class Breaking(nn.Module):
        steps = 0

        def __init__(self, dims, out_dim):
            super().__init__()
            self.body = nn.Linear(sum(dims.values()), out_dim)

        def forward(self, features):
            fused = self.body(torch.cat(list(features.values()), dim=1))
            self.steps += self.training
            aux = torch.tensor(math.nan if self.steps > 5 else 0.0)
            return mmbench.FusionOutput(fused, {"balance": aux})

    bench.put(mmbench.Fusion("breaking", Breaking))
    # One step looks for the fusion's own terms, and an epoch has three.
    with pytest.raises(NonFiniteError, match=r"training loss. Found aux:balance = nan in epoch 2"):
        train(bench.job("breaking"))


def test_predictions_that_are_not_finite_are_refused(train, bench):
    class Diverging(nn.Module):
        def __init__(self, dims, out_dim):
            super().__init__()
            self.body = nn.Linear(sum(dims.values()), out_dim)

        def forward(self, features):
            fused = self.body(torch.cat(list(features.values()), dim=1))
            return fused if self.training else fused / 0

    bench.put(mmbench.Fusion("diverging", Diverging))
    with pytest.raises(NonFiniteError, match="finite predictions on the validation part"):
        train(bench.job("diverging"))


class Balanced(nn.Module):
    """A fusion with a loss of its own: the square of its gate."""

    def __init__(self, dims, out_dim):
        super().__init__()
        self.body = nn.Linear(sum(dims.values()), out_dim)
        self.gate = nn.Parameter(torch.ones(()))

    def forward(self, features):
        fused = self.body(torch.cat(list(features.values()), dim=1))
        return mmbench.FusionOutput(fused, {"gate": self.gate.square()})


def test_the_losses_of_a_fusion_join_the_objective(train, bench):
    bench.put(mmbench.Fusion("balanced", Balanced))
    seen = []

    class Noting(mmbench.LossWeighting):
        def __init__(self, terms):
            super().__init__(terms)
            seen.append([term.name for term in terms])

        def end_epoch(self, train, validation):
            seen.append((sorted(train), sorted(validation)))

    fitted = train(bench.job("balanced"), make=Noting)
    names = ["joint", "aux:gate"]
    assert seen == [names] + [(sorted(names), sorted(names))] * 5
    gate = fitted.curves.terms["aux:gate"]
    assert all(later < earlier for earlier, later in itertools.pairwise(gate))
    assert fitted.curves.train_loss[0] == pytest.approx(gate[0] + fitted.curves.terms["joint"][0])


def test_a_second_forward_pass_is_paid_for_by_those_who_look_back(train, bench):
    class Looking(mmbench.LossWeighting):
        def after_step(self, losses):
            after.append(losses["joint"].item())

    after, passes = [], []
    for make in (mmbench.LossWeighting, Looking):
        recipe = bench.recipe()
        model = recipe.model({})
        seen = seen_batches(model)
        fit(model, make, recipe.terms, bench.vault().training, recipe.task, SETTINGS)
        passes.append(len(seen))
    steps = 5 * 3  # 48 samples in batches of 16
    assert passes == [steps, 2 * steps]
    assert len(after) == steps


def test_the_weights_of_each_term_are_noted_as_they_were_in_force(train):
    class Halving(mmbench.LossWeighting):
        value = 1.0

        def weights(self):
            return {"joint": self.value}

        def end_epoch(self, train, validation):
            self.value /= 2

    assert train(make=Halving).curves.weights == {"joint": [1, 0.5, 0.25, 0.125, 0.0625]}


def test_a_weighting_is_given_the_parameter_groups_and_its_own_parameters_train(train, bench):
    class Learned(mmbench.LossWeighting):
        def __init__(self, terms):
            super().__init__(terms)
            self.scale = nn.Parameter(torch.ones(()))

        def backward(self, losses, groups):
            names.update(groups)
            (losses["joint"] * self.scale).backward()

    names, made = set(), []
    train(
        bench.job(objective=Objective("joint+uni")),
        make=lambda t: made.append(Learned(t)) or made[0],
    )
    assert names == {"encoder:left", "encoder:right", "head:left", "head:right", "shared"}
    assert made[0].scale.item() < 1


def test_the_same_seed_gives_the_same_run_whatever_was_drawn_before(train):
    one = train()
    torch.rand(13)
    two = train()
    assert one.curves == two.curves
    assert torch.equal(weights_of(one), weights_of(two))
    other = train(settings=replace(SETTINGS, seed=1))
    assert other.curves != one.curves


def test_the_second_entry_of_a_method_differs(train, bench):
    again = bench.job(again=True)
    one, two = train(), train(again, replace(SETTINGS, seed=again.training_seed))
    assert one.curves.train_loss != two.curves.train_loss
    assert not torch.equal(weights_of(one), weights_of(two))


def test_the_order_of_data_is_the_same_for_every_fusion(bench):
    bench.put(mmbench.Fusion("balanced", Balanced))
    orders = []
    for job in (bench.job(), bench.job("balanced"), bench.job(objective=Objective("joint+uni"))):
        recipe = bench.recipe(job)
        model = recipe.model({})
        orders.append(seen_batches(model))
        data = bench.vault().training
        fit(model, mmbench.LossWeighting, recipe.terms, data, recipe.task, SETTINGS)
    assert orders[0] == orders[1] == orders[2]
    epochs = [
        functools.reduce(operator.iadd, orders[0][start : start + 3], [])
        for start in range(0, 15, 3)
    ]
    assert len(set(map(tuple, epochs))) == 5
    assert len({tuple(sorted(epoch)) for epoch in epochs}) == 1


class Prior(nn.Module):
    """Frequencies of the training targets, and a draw."""

    def __init__(self, dims, out_dim):
        super().__init__()
        self.register_buffer("logits", torch.zeros(out_dim))

    def initialise(self, task, targets):
        self.seen = (task.name, targets.clone(), torch.rand(3))
        self.logits = torch.bincount(targets, minlength=len(self.logits)).float().log()
        targets.zero_()

    def forward(self, size):
        return self.logits.expand(size, -1)


def test_a_fusion_without_parameters_is_initialised_and_not_trained(train, bench):
    bench.put(mmbench.Fusion("prior", Prior, level="none"))
    job = bench.job("prior", modalities=(), encoders={})
    fitted = train(job)
    name, targets, draw = fitted.model.fusion.seen
    assert name == "classification"
    assert torch.equal(targets, bench.vault().training.train.targets)
    assert fitted.score == 0.5
    assert fitted.curves.train_loss == []
    assert fitted.curves.validation_score == [0.5]
    assert fitted.curves.validation_loss == [pytest.approx(math.log(2))]
    torch.rand(5)
    assert torch.equal(train(job).model.fusion.seen[2], draw)


def test_what_initialise_does_to_the_targets_stays_with_it(bench):
    bench.put(mmbench.Fusion("prior", Prior, level="none"))
    recipe = bench.recipe(bench.job("prior", modalities=(), encoders={}))
    data = bench.vault().training
    before = data.train.targets.clone()
    fit(recipe.model({}), mmbench.LossWeighting, recipe.terms, data, recipe.task, SETTINGS)
    assert torch.equal(data.train.targets, before)


class Item(nn.Module):
    def forward(self, features):
        return features["a"]


class Bare(nn.Module):
    def forward(self, x, mask):
        return x.unsqueeze(1), torch.ones(len(x), 1, dtype=torch.bool)


def test_predictions_come_in_the_order_of_the_part_and_losses_are_means_over_samples(bench):
    size = loop.EVALUATION_BATCH + 3
    logits = torch.randn(size, 2, generator=torch.Generator().manual_seed(0))
    targets = torch.arange(size) % 2
    model = FusionModel({"a": Bare()}, Item(), "pooled")
    task = bench.vault().task
    prediction, expected, means = predict(
        model, Part({"a": logits}, {}, {}, targets), task, (mmbench.Term("joint"),)
    )
    assert torch.equal(prediction, logits)
    assert torch.equal(expected, targets)
    assert means["joint"] == pytest.approx(task.loss(logits, targets).mean().item(), rel=1e-5)


def test_dropout_is_off_when_the_model_is_judged(train, bench):
    fitted = train()
    part, task = bench.vault().training.validation, bench.vault().task
    fitted.model.train()
    one, two = predict(fitted.model, part, task)[0], predict(fitted.model, part, task)[0]
    assert torch.equal(one, two)


def test_one_sample_and_one_epoch_are_enough_to_train(bench):
    data = bench.vault().training
    one = TrainingData(data.train.take(torch.tensor([0])), data.validation, data.specs)
    recipe = bench.recipe()
    settings = replace(SETTINGS, epochs=1)
    fitted = fit(recipe.model({}), mmbench.LossWeighting, recipe.terms, one, recipe.task, settings)
    assert len(fitted.curves.train_loss) == 1


def test_a_weighting_may_step_several_times_on_a_batch(train):
    class Alternating(mmbench.LossWeighting):
        rounds = 3

        def observe(self, step):
            seen.append(step.batch.targets.tolist())

    seen = []
    train(make=Alternating)
    assert len(seen) == 3 * 5 * 3
    assert all(seen[k] == seen[k + 1] == seen[k + 2] for k in range(0, len(seen), 3))


def test_a_weighting_may_choose_what_is_trained_on_and_sees_the_losses_of_samples(train, bench):
    class Deaf(mmbench.LossWeighting):
        def choose(self, batch):
            return batch.without("left")

        def observe(self, step):
            assert not step.batch.present["left"].any()
            assert (step.outputs.features["left"] == 0).all()
            losses = step.sample_losses
            assert set(losses) == {"joint", "uni:left", "uni:right"}
            assert all(loss.shape == (len(step.batch),) for loss in losses.values())
            other = step.again(step.batch.without("right"))
            assert (other.outputs.features["right"] == 0).all()

    before = bench.recipe(bench.job(objective=Objective("joint+uni"))).model({})
    fitted = train(bench.job(objective=Objective("joint+uni")), make=Deaf)
    weight = next(fitted.model.encoders["@left"].parameters())
    # No gradient arrives: only the decay of 1e-2 times the learning rate moves it, a step.
    still = next(before.encoders["@left"].parameters())
    assert torch.allclose(weight, still, rtol=0.02)


def test_rates_scale_the_learning_rate_of_a_group(train, bench):
    class Frozen(mmbench.LossWeighting):
        def rates(self):
            return {"encoder:left": 0.0}

    before = bench.recipe().model({})
    fitted = train(make=Frozen)
    for name, same in (("@left", True), ("@right", False)):
        now, was = (m.encoders[name].state_dict() for m in (fitted.model, before))
        assert all(torch.equal(now[key], was[key]) for key in now) == same


def test_rates_of_one_are_no_rates(train):
    class Plain(mmbench.LossWeighting):
        def rates(self):
            return {"encoder:left": 1.0}

    assert torch.allclose(
        weights_of(train(make=Plain)), weights_of(train(make=mmbench.LossWeighting)), atol=1e-6
    )


def test_a_weighting_sees_a_modality_trained_alone_before_the_first_step(train, bench):
    class Teaching(mmbench.LossWeighting):
        def begin(self, training):
            torch.manual_seed(5)
            before = torch.rand(())
            torch.manual_seed(5)
            alone = training.alone("left")
            assert torch.equal(torch.rand(()), before)
            found, targets, means = predict(alone, training.data.validation, training.task, TERMS)
            _, _, start = predict(training.model, training.data.validation, training.task, TERMS)
            results.append(
                (means["joint"], start["joint"], (found.argmax(1) == targets).float().mean())
            )

    results = []
    train(bench.job(objective=Objective("joint+uni")), make=Teaching)
    [(trained, fresh, accuracy)] = results
    assert trained < fresh
    assert accuracy > 0.8


def test_what_an_epoch_visits_is_the_samplings_choice(train):
    class Half(mmbench.Sampling):
        def epoch(self, generator):
            return super().epoch(generator)[: self.size // 2]

    class Counting(mmbench.LossWeighting):
        def observe(self, step):
            seen.append(len(step.batch))

    seen = []
    train(make=Counting, sampling=Half())
    assert sum(seen) == 5 * 24


def test_samples_of_no_weight_might_as_well_be_left_out(train, bench):
    class Weighted(mmbench.Sampling):
        def fit(self, train, task):
            super().fit(train, task)
            self.kept = train.targets == 0

        def weights(self):
            return self.kept.float()

    class LeftOut(Weighted):
        def epoch(self, generator):
            order = super().epoch(generator)
            return order[self.kept[order]]

        def weights(self):
            return None

    still = bench.job(Pick("concat", {"dropout": 0.0}))
    whole = replace(SETTINGS, batch_size=48)  # all of the training part in one batch
    weighted, left_out, plain = (
        train(still, whole, sampling=s).curves.train_loss for s in (Weighted(), LeftOut(), None)
    )
    assert weighted == pytest.approx(left_out, rel=1e-3, abs=1e-4)
    assert weighted != pytest.approx(plain, rel=1e-2)


def test_backward_passes_and_time_are_counted_a_batch(train, bench):
    class Apart(mmbench.LossWeighting):
        def backward(self, losses, groups):
            for loss in losses.values():
                loss.backward(retain_graph=True)

    job = bench.job(objective=Objective("joint+uni"))
    once, apart = (train(job, make=make).curves for make in (mmbench.LossWeighting, Apart))
    assert once.backward_passes == 1  # one pass through each encoder, of the sum
    assert apart.backward_passes == 2  # joint, and the modality's own
    assert once.batch_seconds > 0


def test_conflict_is_measured_a_few_times_and_changes_nothing(train, bench, monkeypatch):
    job = bench.job(objective=Objective("joint+uni"))
    settings = replace(SETTINGS, epochs=10, patience=10)
    curves = train(job, settings).curves
    assert set(curves.conflicts) == {
        "left: joint | uni:left",
        "right: joint | uni:right",
    }
    measured = curves.conflicts["left: joint | uni:left"]
    assert [value is not None for value in measured] == [True, False] * 5
    assert all(-1 <= value <= 1 for value in measured if value is not None)
    monkeypatch.setattr(loop.Trainer, "conflicts", lambda self, epoch: {})
    unseen = train(job, settings).curves
    assert unseen.train_loss == curves.train_loss
