"""Absent modalities and probes, on models whose answer is known."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from sklearn.linear_model import Ridge
from sklearn.preprocessing import StandardScaler
from torch import nn

from mmbench.data.part import Part
from mmbench.data.preparation import InputSpec
from mmbench.data.sealed import TrainingData
from mmbench.evaluation import RIDGE, absences, probes
from mmbench.model import FusionModel
from mmbench.tasks import TASKS

SIZE = 60


class Same(nn.Module):
    """One token: the input."""

    def forward(self, x, mask):
        return x[:, None], torch.ones(len(x), 1, dtype=torch.bool)


class Sum(nn.Module):
    def forward(self, features):
        return sum(features.values())


def part_of(seed=0, names=("a", "b", "c")):
    """`a` is the class, one-hot; `b` is half of it; the others are noise."""
    generator = torch.Generator().manual_seed(seed)
    targets = torch.arange(SIZE) % 3
    noise = {name: 0.01 * torch.randn(SIZE, 3, generator=generator) for name in names}
    inputs = {**noise, "a": nn.functional.one_hot(targets, 3).float()}
    if "b" in names:
        inputs["b"] = 0.5 * inputs["a"]
    return Part(inputs, {}, {}, targets)


def model_of(part, heads=None):
    return FusionModel({name: Same() for name in part.inputs}, Sum(), "pooled", None, heads)


@pytest.fixture
def task():
    return TASKS["classification"]().fit(np.arange(3), np.arange(3))


def test_each_modality_is_left_out_and_left_alone(task):
    part = part_of()
    found = absences(model_of(part), part, task)
    assert set(found) == {f"{what}_{m}" for what in ("without", "only") for m in "abc"}
    assert found["without_a"] == found["without_c"] == found["only_a"] == found["only_b"] == 1
    assert found["only_c"] < 0.7


def test_of_two_modalities_one_left_out_is_the_other_alone(task):
    part = part_of(names=("a", "c"))
    found = absences(model_of(part), part, task)
    assert found["only_a"] == found["without_c"] == 1
    assert found["only_c"] == found["without_a"] < 0.7


def test_one_modality_is_never_left_out(task):
    part = part_of(names=("a",))
    assert absences(model_of(part), part, task) == {}


def test_probes_find_what_the_features_hold(task):
    part = part_of()
    data = TrainingData(part, part, dict.fromkeys(part.inputs, InputSpec((3,))))
    test = part_of(seed=1)
    heads = {"a": nn.Linear(3, 3)}
    nn.init.eye_(heads["a"].weight)
    nn.init.zeros_(heads["a"].bias)
    found = probes(model_of(part, heads), data, test, task)
    assert found["probe_a"] == found["probe_b"] == found["head_a"] == 1
    assert found["probe_c"] < 0.7
    assert "head_b" not in found


def test_a_probe_is_fitted_and_scored_where_the_modality_is():
    generator = torch.Generator().manual_seed(0)
    x = torch.randn(SIZE, 3, generator=generator)
    y = (x.sum(dim=1) + torch.randn(SIZE, generator=generator)).numpy()
    here = torch.arange(SIZE) < 40
    y[~here.numpy()] += 50  # what the samples without the modality would teach
    task = TASKS["regression"]().fit(y, y)
    whole = Part({"a": x}, {}, {"a": here}, task.encode(y))
    kept = Part({"a": x[here]}, {}, {}, whole.targets[here])
    found, expected = (
        probes(model_of(part), TrainingData(part, part, {}), part, task) for part in (whole, kept)
    )
    assert found["probe_a"] == pytest.approx(expected["probe_a"])
    assert expected["probe_a"] > 0.5


def test_the_probe_of_a_regression_is_scikit_learns():
    generator = torch.Generator().manual_seed(0)
    x, x_test = (torch.randn(SIZE, 3, generator=generator) for _ in range(2))
    y, y_test = ((z @ torch.tensor([1.0, -2.0, 0.5]) + z[:, 0] ** 2).numpy() for z in (x, x_test))
    task = TASKS["regression"]().fit(y, y)
    train, test = (Part({"a": z}, {}, {}, task.encode(t)) for z, t in ((x, y), (x_test, y_test)))
    [found] = probes(model_of(train), TrainingData(train, train, {}), test, task).values()
    scaler = StandardScaler().fit(x)
    fitted = Ridge(alpha=RIDGE * SIZE).fit(scaler.transform(x), y)
    assert found == pytest.approx(fitted.score(scaler.transform(x_test), y_test), abs=1e-5)


def test_a_retrieval_has_no_labels_to_probe():
    part = part_of()
    task = TASKS["retrieval"]().fit(np.arange(SIZE), np.arange(SIZE))
    assert probes(model_of(part), TrainingData(part, part, {}), part, task) == {}
