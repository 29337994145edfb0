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
from mmbench_weightings.mmcosine import MMCosine

NAMES = ("a", "b", "c")
TERMS = (Term("joint"), *(Term(f"uni:{name}", 0.5) for name in NAMES))
TARGETS = torch.tensor([0, 2, 1, 1])
LOSSES = {term.name: torch.tensor(1.0) for term in TERMS}


def step(weights=None):
    torch.manual_seed(0)
    heads = nn.ModuleDict({f"@{name}": nn.Linear(5, 3) for name in NAMES})
    features = {name: torch.randn(4, 5, requires_grad=True) for name in NAMES}
    return SimpleNamespace(
        batch=Part({}, {}, {}, TARGETS, weights),
        outputs=SimpleNamespace(features=features),
        model=SimpleNamespace(unimodal_heads=heads),
        task=TASKS["classification"](),
    )


def extra(seen, scale=15.0):
    """What the cosines add to the plain sum, 1 + 3 · ½."""
    weighting = MMCosine(TERMS, scale)
    weighting.observe(seen)
    return weighting(LOSSES) - 2.5


def cross_entropies(seen, scale):
    """An independent spelling."""
    logits = np.zeros((4, 3))
    for name in NAMES:
        x = seen.outputs.features[name].detach().numpy()
        w = seen.model.unimodal_heads[f"@{name}"].weight.detach().numpy()
        for row, column in np.ndindex(4, 3):
            norm = np.linalg.norm(x[row]) * np.linalg.norm(w[column])
            logits[row, column] += scale * (x[row] @ w[column]) / max(norm, 1e-12)
    chances = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    return -np.log(chances[np.arange(4), TARGETS])


@pytest.mark.parametrize("scale", [15.0, 4.0])
def test_it_adds_the_cross_entropy_of_the_scaled_sum_of_cosines(scale):
    expected = cross_entropies(step(), scale).mean()
    assert extra(step(), scale).item() == pytest.approx(expected, rel=1e-5)


def test_samples_count_by_their_weights():
    weights = torch.tensor([1.0, 0.0, 2.0, 0.5])
    expected = np.average(cross_entropies(step(), 15.0), weights=weights)
    assert extra(step(weights)).item() == pytest.approx(expected, rel=1e-5)


def test_norms_do_not_matter_and_absent_modalities_add_nothing():
    louder = step()
    louder.outputs.features["a"] = 100 * louder.outputs.features["a"]
    assert extra(louder).item() == pytest.approx(extra(step()).item(), rel=1e-5)
    absent = step()
    absent.outputs.features["a"] = torch.zeros(4, 5, requires_grad=True)
    found = extra(absent)
    assert found.item() == pytest.approx(cross_entropies(absent, 15.0).mean(), rel=1e-5)
    found.backward()
    assert absent.outputs.features["a"].grad.isfinite().all()


def test_the_loss_is_that_of_one_batch():
    weighting = MMCosine(TERMS)
    weighting.observe(step())
    assert weighting(LOSSES) != 2.5
    assert weighting(LOSSES) == 2.5


@pytest.mark.parametrize("task", ["regression", "retrieval"])
def test_tasks_without_a_logit_a_class_are_refused(task):
    with pytest.raises(NotApplicable, match="mmcosine"):
        MMCosine(TERMS).begin(SimpleNamespace(task=TASKS[task]()))
