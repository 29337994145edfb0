"""A lane's result is that of the training alone, for every fusion, weighting and encoder there is."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import nn

import mmbench
from mmbench.budgets import BUDGETS
from mmbench.contracts import JacobianWeighting, LossWeighting
from mmbench.data.part import Part
from mmbench.data.sealed import TrainingData, prepare
from mmbench.data.split import make_split
from mmbench.jobs import Job, Objective, Pick
from mmbench.registry import load_registry
from mmbench.tasks import TASKS
from mmbench.training import blas, cuda_graph, descent
from mmbench.training.build import Recipe
from mmbench.training.lane import Lane, shareable
from mmbench.training.lanes import fit_lanes
from mmbench.training.loop import fit, predict
from mmbench.training.recording import Recording
from mmbench.training.stack import Refused
from mmbench.training.step import Settings

REGISTRY = load_registry()
FUSIONS = [n for n in REGISTRY.fusions if REGISTRY.fusions[n].level not in ("none", "input")]
WEIGHTINGS = [n for n in REGISTRY.weightings if shareable(REGISTRY.weightings[n].load())]
CANNOT = {"recurrent"}
"""Its cells keep lists of their weights, which a stack does not replace."""
SHAPES = {
    "tabular": (5,),
    "image": (3, 12, 12),
    "motion": (20, 3),
    "sensor": (20, 3),
    "audio": (20, 3),
    "video": (4, 3, 12, 12),
    "omics": (5,),
}
ENCODERS = {
    name: next(kind for kind in REGISTRY.encoders[name].kinds if kind in SHAPES)
    for name in REGISTRY.encoders
    if any(kind in SHAPES for kind in REGISTRY.encoders[name].kinds)
    and not REGISTRY.encoders[name].requires
}
DIFFERENT = {"fixed": "weighting.uni"}
"""What lanes are told apart by, where a weighting's weights never change."""
TOLERANCE = 1e-6


def samples(kinds, size=60):
    rng = np.random.default_rng(0)
    inputs = {
        name: rng.normal(size=(size, *SHAPES[kind])).astype(np.float32)
        for name, kind in kinds.items()
    }
    return mmbench.Samples(inputs, np.arange(size) % 3)


def double(part):
    inputs = {name: values.double() for name, values in part.inputs.items()}
    return Part(inputs, part.masks, part.present, part.targets, part.weights)


def lane(seed, kinds, encoder, fusion, weighting="equal", terms="joint"):
    """A training in double precision: Adam makes as much of a gradient's rounding as of a gradient."""
    found, task = samples(kinds), TASKS["classification"]()
    split = make_split(found, seed, 10**6, stratify=True)
    picks = dict.fromkeys(sorted(kinds), Pick(encoder))
    make = REGISTRY.encoders[encoder].load_preparation()
    vault = prepare(found, split, task, dict.fromkeys(picks, make))
    modality = "b" if REGISTRY.fusions[fusion].per_modality else ""
    names = ("b",) if REGISTRY.fusions[fusion].per_modality == "alone" else tuple(picks)
    job = Job(
        dataset=Pick("made"),
        modalities=names,
        encoders={name: picks[name] for name in names},
        fusion=Pick(fusion, modality=modality),
        objective=Objective(terms),
        weighting=Pick(weighting),
        seed=seed,
        budget=BUDGETS["quick"],
    )
    recipe = Recipe(job, REGISTRY, vault.training.specs, vault.task)
    data = TrainingData(
        double(vault.training.train), double(vault.training.validation), vault.training.specs
    )
    settings = Settings(3, 2, 12, 1e-2 * (1 + seed), 1e-2, seed)
    model = recipe.model({}).double()

    hyper = {DIFFERENT[weighting]: 0.1 * (1 + seed)} if weighting in DIFFERENT else {}

    def weigh(terms):
        return recipe.weighting(hyper, terms).double()

    return Lane(model, weigh, data, vault.task, settings, recipe.sampling()), recipe.terms


@pytest.fixture(autouse=True)
def programs(monkeypatch):
    """What steps were recorded as."""
    monkeypatch.setattr(descent, "WORTH", 0)
    found, original = [], Recording.program

    def program(self):
        found.append(original(self))
        return found[-1]

    monkeypatch.setattr(Recording, "program", program)
    return found


def require_equal(*arguments, make=lane):
    made = [make(seed, *arguments) for seed in range(3)]
    together = fit_lanes([own for own, _ in made], made[0][1])
    for seed, found in enumerate(together):
        own, terms = make(seed, *arguments)
        alone = fit(
            own.model,
            own.make_weighting,
            terms,
            own.data,
            own.task,
            own.settings,
            sampling=own.sampling,
        )
        assert found is not None
        assert found.lanes == 3
        assert found.score == pytest.approx(alone.score, abs=TOLERANCE)
        for name, values in vars(alone.curves).items():
            if not name.endswith("_seconds") and values:
                assert_close(getattr(found.curves, name), values, name)
        ours, theirs = (predict(f.model, own.data.validation, own.task)[0] for f in (found, alone))
        torch.testing.assert_close(ours, theirs, rtol=0, atol=TOLERANCE)


def assert_close(found, expected, name):
    if isinstance(expected, dict):
        assert found.keys() == expected.keys(), name
        for key in expected:
            assert_close(found[key], expected[key], f"{name} {key}")
    elif isinstance(expected, list) and None in expected:
        kept = [value for value in expected if value is not None]
        assert [v is None for v in found] == [v is None for v in expected], name
        assert [v for v in found if v is not None] == pytest.approx(kept, abs=1e-4), name
    else:
        assert found == pytest.approx(expected, abs=TOLERANCE), name


TABLES = {"a": "tabular", "b": "tabular", "c": "tabular"}


@pytest.mark.parametrize("library", ["torch", "numpy"])
@pytest.mark.parametrize("fusion", FUSIONS)
def test_a_lane_of_a_fusion_equals_the_training_alone(fusion, library, monkeypatch, programs):
    monkeypatch.setattr(blas, "fits", lambda rows: library == "numpy")
    if not REGISTRY.fusions[fusion].vectorises:
        with pytest.raises((RuntimeError, Refused)):
            require_equal(TABLES, "mlp", fusion)
        return
    require_equal(TABLES, "mlp", fusion)
    assert programs
    assert None not in programs


@pytest.mark.parametrize("weighting", WEIGHTINGS)
def test_a_lane_of_a_weighting_equals_the_training_alone(weighting, programs):
    require_equal(TABLES, "mlp", "concat", weighting, "joint+uni")
    assert programs
    assert None not in programs


@pytest.mark.parametrize("encoder", ENCODERS)
def test_a_lane_of_an_encoder_equals_the_training_alone(encoder, programs):
    kinds = dict.fromkeys("ab", ENCODERS[encoder])
    if encoder in CANNOT:
        with pytest.raises(Refused):
            require_equal(kinds, encoder, "concat")
        return
    require_equal(kinds, encoder, "concat")
    assert programs
    assert None not in programs


def impatient(seed, *arguments):
    """A training that stops soon; each at another epoch."""
    own, terms = lane(seed, *arguments)
    return replace(own, settings=replace(own.settings, epochs=8, patience=1)), terms


def test_lanes_that_go_on_when_others_have_stopped_are_recorded_anew(programs):
    require_equal(TABLES, "mlp", "concat", make=impatient)
    assert len(programs) > 1
    assert None not in programs


def test_a_short_training_is_not_recorded(programs, monkeypatch):
    monkeypatch.setattr(descent, "WORTH", 100)
    require_equal(TABLES, "mlp", "concat")
    assert not programs


def on_gpu(seed, *arguments):
    own, terms = lane(seed, *arguments)
    return replace(own, model=own.model.to("cuda"), data=own.data.to("cuda")), terms


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")
@pytest.mark.parametrize("fusion", ["concat", "late_transformer", "bottleneck", "cross_attention"])
def test_a_lane_on_a_gpu_whose_steps_are_graphs_equals_the_training_alone(fusion, monkeypatch):
    captured, original = [], cuda_graph.captured
    monkeypatch.setattr(
        cuda_graph, "captured", lambda *given: captured.append(1) or original(*given)
    )
    monkeypatch.setattr(descent, "WORTH_A_GRAPH", 0)
    require_equal(TABLES, "mlp", fusion, make=on_gpu)
    assert captured


class Counting(nn.Module):
    """A fusion that does something else for every batch it trains on."""

    def __init__(self, fusion):
        super().__init__()
        self.fusion, self.calls = fusion, 0

    def forward(self, features):
        fused = self.fusion(features)
        if self.training:
            self.calls += 1
            fused = fused * (1 + 0.1 * self.calls)
        return fused


def counting(seed, *arguments):
    own, terms = lane(seed, *arguments)
    own.model.fusion = Counting(own.model.fusion)
    return own, terms


def test_a_model_that_counts_its_calls_is_not_repeated(programs):
    require_equal(TABLES, "mlp", "concat", make=counting)
    assert set(programs) == {None}


class Wanting(JacobianWeighting):
    """Wants the gradients of other losses the second time, or of none that is a loss."""

    def __init__(self, terms, wanted):
        super().__init__(terms)
        self.wanted_each_time = list(wanted)

    def wanted(self, losses):
        return self.wanted_each_time.pop(0)(losses)

    def update(self, losses, gradients):
        return {}


@pytest.mark.parametrize(
    "wanted",
    [
        [lambda losses: {"joint": losses["joint"]}, dict],
        [lambda losses: {"joint": 2 * losses["joint"]}],
    ],
    ids=["others", "no loss"],
)
def test_a_weighting_that_wants_what_cannot_be_repeated_trains_alone(wanted):
    made = [lane(seed, TABLES, "mlp", "concat", terms="joint+uni") for seed in range(3)]
    lanes = [replace(own, make_weighting=lambda terms: Wanting(terms, wanted)) for own, _ in made]
    with pytest.raises(Refused, match="wants"):
        fit_lanes(lanes, made[0][1])


def test_a_weighting_of_gradients_with_parameters_trains_alone():
    class Learned(JacobianWeighting):
        def __init__(self, terms):
            super().__init__(terms)
            self.scale = nn.Parameter(torch.ones(()))

        def update(self, losses, gradients):
            return {}

    made = [lane(seed, TABLES, "mlp", "concat", terms="joint+uni") for seed in range(3)]
    lanes = [replace(own, make_weighting=Learned) for own, _ in made]
    with pytest.raises(Refused, match="parameters"):
        fit_lanes(lanes, made[0][1])


def test_a_weighting_that_leaves_a_loss_out_trains_alone():
    class First(LossWeighting):
        def forward(self, losses):
            return losses["joint"]

    made = [lane(seed, TABLES, "mlp", "concat", terms="joint+uni") for seed in range(3)]
    lanes = [replace(own, make_weighting=First) for own, _ in made]
    with pytest.raises(Refused, match="leaves out"):
        fit_lanes(lanes, made[0][1])
