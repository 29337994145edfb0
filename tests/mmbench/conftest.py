"""A bench of small plugins: a dataset, an encoder, a fusion, a weighting, an alignment, and jobs on them."""

from __future__ import annotations

import gc
from types import FunctionType, ModuleType

import numpy as np
import pytest
import torch
from torch import nn

import mmbench
from mmbench import worker
from mmbench.budgets import Budget
from mmbench.data.sealed import prepare
from mmbench.data.split import make_split
from mmbench.jobs import Job, Objective, Pick
from mmbench.registry import KINDS, Registry, Shelf
from mmbench.tasks import TASKS
from mmbench.training.build import Recipe

BUDGET = Budget("tiny", seeds=1, trials=1, epochs=4, patience=4, batch_size=16)


class LinearEncoder(nn.Module):
    """A row `(B, F)` to one token `(B, 1, dim)`."""

    def __init__(self, spec, dim):
        super().__init__()
        self.body = nn.Linear(*spec.shape, dim)

    def forward(self, x, mask):
        return self.body(x).unsqueeze(1), torch.ones(len(x), 1, dtype=torch.bool)


class ConcatFusion(nn.Module):
    """A linear map of all features side by side."""

    def __init__(self, dims, out_dim, dropout=0.2):
        super().__init__()
        self.body = nn.Sequential(nn.Dropout(dropout), nn.Linear(sum(dims.values()), out_dim))

    def forward(self, features):
        return self.body(torch.cat(list(features.values()), dim=1))


class Distance(nn.Module):
    """Mean of (2 x_i - x_j)²: the two directions of a pair differ."""

    def __init__(self, dim_i, dim_j):
        super().__init__()
        self.scale = nn.Parameter(torch.tensor(2.0))

    def forward(self, x_i, x_j):
        return (self.scale * x_i - x_j).square().mean()


def two_views(size=80, seed=0):
    """Two rows of numbers per sample; each tells half of a target of two classes."""
    rng = np.random.default_rng(seed)
    targets = np.arange(size) % 2
    signal = (2 * targets - 1)[:, None] * 1.5
    inputs = {name: rng.normal(size=(size, 4)) + signal for name in ("left", "right")}
    return mmbench.Samples(inputs, targets)


def registry_of(*registrations):
    shelves = {kind: Shelf(cls.kind) for kind, cls in KINDS.items()}
    for registration in registrations:
        kind = next(kind for kind, cls in KINDS.items() if type(registration) is cls)
        shelves[kind].put(registration, "test")
    return Registry(plugins=(), **shelves)


class Bench:
    """A registry that tests add to, and jobs on it."""

    def __init__(self):
        self.samples = two_views()
        self.task = "classification"
        self.extra = []

    @property
    def registry(self):
        kinds = dict.fromkeys(self.samples.inputs, "tabular")
        gallery = "right" if self.task == "retrieval" else ""
        return registry_of(
            mmbench.Dataset(
                "views", lambda: self.samples, task=self.task, modalities=kinds, gallery=gallery
            ),
            mmbench.Encoder("linear", LinearEncoder, kinds=("tabular",)),
            mmbench.Fusion("concat", ConcatFusion),
            mmbench.Weighting("sum", mmbench.LossWeighting),
            mmbench.Alignment("distance", Distance),
            *self.extra,
        )

    def put(self, *registrations):
        self.extra += registrations

    def job(self, fusion="concat", **changes):
        names = tuple(sorted(self.samples.inputs))
        defaults = {
            "dataset": Pick("views"),
            "modalities": names,
            "encoders": dict.fromkeys(names, Pick("linear")),
            "fusion": fusion if isinstance(fusion, Pick) else Pick(fusion),
            "objective": Objective(),
            "weighting": Pick("sum"),
            "seed": 0,
            "budget": BUDGET,
        }
        return Job(**{**defaults, **changes})

    def vault(self, seed=0):
        task = TASKS[self.task]()
        split = make_split(self.samples, seed, 10**6, stratify=task.stratify)
        makers = dict.fromkeys(sorted(self.samples.inputs), mmbench.data.preparation.Standardise)
        return prepare(self.samples, split, task, makers)

    def recipe(self, job=None, vault=None):
        vault = vault or self.vault()
        gallery = "right" if self.task == "retrieval" else ""
        return Recipe(job or self.job(), self.registry, vault.training.specs, vault.task, gallery)

    def run(self, job=None, report=lambda phase, done: None):
        forget()
        return worker.run_job(job or self.job(), report)


def forget():
    worker._vault.clear()
    worker._samples.cache_clear()


@pytest.fixture
def bench(monkeypatch):
    bench = Bench()
    monkeypatch.setattr(worker, "load_registry", lambda: bench.registry)
    yield bench
    forget()


@pytest.fixture(name="two_views")
def two_views_fixture():
    return two_views


def referents(value):
    if isinstance(value, ModuleType | type):
        return []
    if isinstance(value, FunctionType):  # not its globals, which lead to every module
        return [value.__closure__, value.__defaults__, value.__kwdefaults__, value.__dict__]
    if isinstance(value, np.ndarray):
        return [value.base, *(value.ravel() if value.dtype.hasobject else ())]
    return gc.get_referents(value)


@pytest.fixture
def reachable():
    """Everything that code gets at by following references from a few objects."""

    def walk(*roots):
        found, queue = {}, list(roots)
        while queue:
            value = queue.pop()
            if id(value) not in found:
                found[id(value)] = value
                queue += referents(value)
        return list(found.values())

    return walk
