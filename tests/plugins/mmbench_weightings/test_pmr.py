from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest
import torch
from torch import nn

from mmbench import Term
from mmbench.data.part import Part
from mmbench.errors import NotApplicable
from mmbench.tasks import TASKS
from mmbench_weightings.pmr import PMR

TERMS = (Term("joint"), Term("uni:a"), Term("uni:b"))
LOSSES = {term.name: torch.tensor(0.0) for term in TERMS}
LABELS = torch.tensor([0, 0, 1])
FIRST = {"a": [[0.0, 0.0], [2.0, 0.0], [9.0, 9.0]], "b": [[1.0, 1.0], [1.0, 3.0], [0.0, 0.0]]}
PROTOTYPES = {"a": [[1.0, 0.0], [9.0, 9.0]], "b": [[1.0, 2.0], [0.0, 0.0]]}


def step(features, **present):
    tensors = {name: torch.tensor(rows, requires_grad=True) for name, rows in features.items()}
    batch = Part({}, {}, present, LABELS)
    return SimpleNamespace(batch=batch, outputs=SimpleNamespace(features=tensors))


def begun(classes=2, **parameters):
    weighting = PMR(TERMS, **parameters)
    heads = nn.ModuleDict({f"@{name}": nn.Linear(2, classes) for name in ("a", "b")})
    model = SimpleNamespace(unimodal_heads=heads)
    weighting.begin(SimpleNamespace(task=TASKS["classification"](), model=model))
    return weighting


def after_an_epoch(classes=2, **parameters):
    weighting = begun(classes, **parameters)
    weighting.observe(step(FIRST))
    weighting.end_epoch({}, {})
    return weighting


def entropies(rows, prototypes):
    """−log softmax(−distance)[label], spelled by hand."""
    distances = np.linalg.norm(np.array(rows)[:, None] - np.array(prototypes)[None], axis=2)
    chances = np.exp(-distances) / np.exp(-distances).sum(axis=1, keepdims=True)
    return -np.log(chances[np.arange(len(rows)), LABELS])


def test_prototypes_are_class_means_that_keep_a_share_of_the_old():
    weighting = after_an_epoch(classes=3, momentum=0.2)
    assert weighting.prototypes[0, :2].tolist() == PROTOTYPES["a"]
    assert weighting.known.tolist() == [[True, True, False]] * 2
    moved = {"a": [[3.0, 0.0], [3.0, 0.0], [9.0, 9.0]], "b": FIRST["b"]}
    weighting.observe(step(moved))
    weighting.end_epoch({}, {})
    assert weighting.prototypes[0, 0].tolist() == pytest.approx([0.8 * 3.0 + 0.2 * 1.0, 0.0])
    assert weighting.prototypes[1, :2].tolist() == PROTOTYPES["b"]


def test_the_first_epoch_is_the_plain_sum():
    weighting = begun()
    weighting.observe(step(FIRST))
    assert weighting(LOSSES) == 0.0


def test_the_weaker_modality_alone_is_pulled():
    weighting = after_an_epoch(alpha=0.7)
    now = {"a": [[1.0, 0.5], [1.0, 0.0], [9.0, 8.0]], "b": [[0.9, 1.6], [0.8, 1.5], [0.4, 0.6]]}
    seen = step(now)
    weighting.observe(seen)
    total = weighting(LOSSES)
    losses = {name: entropies(rows, PROTOTYPES[name]) for name, rows in now.items()}
    scores = {name: np.exp(-loss).sum() for name, loss in losses.items()}
    beta = scores["a"] / scores["b"] - 1
    assert 0 < beta < 1
    assert total.item() == pytest.approx(0.7 * beta * losses["b"].mean(), rel=1e-4)
    total.backward()
    assert not seen.outputs.features["a"].grad.any()
    assert seen.outputs.features["b"].grad.any()
    assert weighting(LOSSES) == 0.0  # of that batch only


def test_absent_samples_and_classes_never_seen_are_left_out():
    weighting = after_an_epoch(classes=3)
    now = {"a": FIRST["a"], "b": [[0.4, 0.7], [50.0, 50.0], [1.0, 1.0]]}
    weighting.observe(step(now, b=torch.tensor([True, False, True])))
    a = np.exp(-entropies(now["a"], PROTOTYPES["a"])).mean()
    b = entropies(now["b"], PROTOTYPES["b"])[[0, 2]]
    beta = min(a / np.exp(-b).mean() - 1, 1)
    assert weighting(LOSSES).item() == pytest.approx(beta * b.mean(), rel=1e-4)
    weighting.observe(step(now, b=torch.zeros(3, dtype=torch.bool)))
    assert weighting(LOSSES) == 0.0


@pytest.mark.parametrize("task", ["regression", "retrieval", "multilabel"])
def test_tasks_without_classes_are_refused(task):
    with pytest.raises(NotApplicable, match="pmr"):
        PMR(TERMS).begin(SimpleNamespace(task=TASKS[task]()))
