from __future__ import annotations

from dataclasses import replace
from itertools import permutations

import pytest
import torch
from torch import nn

from mmbench.contracts import FusionOutput, Term
from mmbench.data.part import Part
from mmbench.errors import UsageError
from mmbench.jobs import Objective
from mmbench.model import FusionModel, Outputs
from mmbench.objective import losses, planned_terms
from mmbench.tasks import TASKS
from mmbench_weightings.fixed import Fixed

NAMES = ("a", "b", "c")
DIM, CLASSES, SIZE = 5, 3, 8
LAMBDAS = {"joint": 0.9, "a": 0.5, "b": 0.0, "c": 2.0}
W = {
    f"{i}->{j}": value
    for (i, j), value in zip(permutations(NAMES, 2), [0.1, 0.7, 0.0, 0.3, 1.1, 0.2], strict=True)
}
EVERYTHING = Objective("joint+uni+align", lambdas=LAMBDAS, ws=W)


class Encoder(nn.Module):
    def __init__(self):
        super().__init__()
        self.body = nn.Linear(4, DIM)

    def forward(self, x, mask):
        return self.body(x).unsqueeze(1), torch.ones(len(x), 1, dtype=torch.bool)


class Distance(nn.Module):
    def __init__(self):
        super().__init__()
        self.scale = nn.Parameter(torch.rand(()))

    def forward(self, x_i, x_j):
        return (self.scale * x_i - x_j).square().mean()


class Sum(nn.Module):
    def forward(self, features):
        return torch.stack(list(features.values())).sum(dim=0)


@pytest.fixture
def task():
    targets = torch.arange(SIZE).numpy() % CLASSES
    return TASKS["classification"]().fit(targets, targets)


def batch_of(present=None):
    torch.manual_seed(0)
    inputs = {name: torch.randn(SIZE, 4) for name in NAMES}
    return Part(inputs, {}, present or {}, torch.arange(SIZE) % CLASSES)


def model_of(fusion=None, pairs=tuple(W)):
    torch.manual_seed(1)
    return FusionModel(
        {name: Encoder() for name in NAMES},
        fusion or Sum(),
        "pooled",
        nn.Linear(DIM, CLASSES),
        {name: nn.Linear(DIM, CLASSES) for name in NAMES},
        {pair: Distance() for pair in pairs},
    )


def test_the_joint_loss_is_the_formula_written_out(task):
    model, batch = model_of(), batch_of()
    terms = planned_terms(EVERYTHING, NAMES)
    found = Fixed(terms)(losses(model, model(batch), batch, task, terms))

    x = {name: model.encoders[f"@{name}"].body(batch.inputs[name]) for name in NAMES}
    cross_entropy = nn.CrossEntropyLoss()
    expected = LAMBDAS["joint"] * cross_entropy(model.head(sum(x.values())), batch.targets)
    for i in NAMES:
        own = cross_entropy(model.unimodal_heads[f"@{i}"](x[i]), batch.targets)
        expected = expected + LAMBDAS[i] * own
        for j in NAMES:
            if j != i:
                scale = model.alignments[f"@{i}->{j}"].scale
                expected = expected + W[f"{i}->{j}"] * ((scale * x[i] - x[j]) ** 2).mean()
    assert found.item() == pytest.approx(expected.item(), rel=1e-6)


def test_the_gradient_of_the_joint_loss_is_that_of_its_weighted_terms(task):
    batch, gradients = batch_of(), []
    terms = planned_terms(EVERYTHING, NAMES)
    for weigh in (Fixed(terms), lambda found: sum(t.coefficient * found[t.name] for t in terms)):
        model = model_of()
        weigh(losses(model, model(batch), batch, task, terms)).backward()
        gradients.append([parameter.grad for parameter in model.parameters()])
    for one, two in zip(*gradients, strict=True):
        assert (one is None and two is None) or torch.allclose(one, two)


def test_terms_are_planned_in_a_fixed_order_with_the_users_coefficients():
    assert planned_terms(Objective("joint"), NAMES) == (Term("joint"),)
    assert planned_terms(Objective("joint+uni", lambdas={"b": 3.0}), NAMES) == (
        Term("joint"),
        Term("uni:a"),
        Term("uni:b", 3.0),
        Term("uni:c"),
    )
    both = planned_terms(Objective("joint+uni+align", ws={"b->a": 0.5}), ("a", "b"))
    assert both[3:] == (Term("align:a->b"), Term("align:b->a", 0.5))


def test_a_coefficient_of_zero_removes_the_term():
    names = [term.name for term in planned_terms(EVERYTHING, NAMES)]
    assert "uni:b" not in names
    assert "align:b->a" not in names
    assert len(names) == 1 + 2 + 5
    assert planned_terms(Objective("joint+uni", lambdas={"joint": 0.0}), ("a",)) == (Term("uni:a"),)


def test_a_removed_term_costs_no_work(task):
    terms = planned_terms(EVERYTHING, NAMES)
    model = model_of(pairs=[pair for pair in W if W[pair]])
    calls = []
    for pair, module in model.alignments.items():
        module.register_forward_hook(lambda *_, pair=pair: calls.append(pair))
    losses(model, model(batch_of()), batch_of(), task, terms)
    assert sorted(calls) == sorted(f"@{pair}" for pair in W if W[pair])


def test_an_objective_without_a_term_is_refused():
    with pytest.raises(UsageError, match="every λ and w is 0"):
        planned_terms(Objective("joint", lambdas={"joint": 0.0}), NAMES)


def test_a_modality_is_averaged_over_the_samples_that_have_it(task):
    here = torch.arange(SIZE) < 3
    there = (torch.arange(SIZE) % 2) == 0
    batch = batch_of({"a": here, "b": there})
    model, terms = model_of(), planned_terms(Objective("joint+uni+align"), NAMES)
    outputs = model(batch)
    found = losses(model, outputs, batch, task, terms)

    each = task.loss(outputs.logits["a"], batch.targets)
    assert found["uni:a"].item() == pytest.approx(each[:3].mean().item())
    whole = task.loss(outputs.logits["c"], batch.targets)
    assert found["uni:c"].item() == pytest.approx(whole.mean().item())
    both = here & there
    x_a, x_b, x_c = (outputs.features[name] for name in NAMES)
    assert both.sum() == 2
    assert torch.equal(found["align:a->b"], model.align("a->b", x_a[both], x_b[both], {}))
    assert torch.equal(found["align:c->a"], model.align("c->a", x_c[:3], x_a[:3], {}))


def test_a_modality_that_no_sample_of_the_batch_has_loses_nothing(task):
    batch = batch_of({"a": torch.zeros(SIZE, dtype=torch.bool)})
    model, terms = model_of(), planned_terms(Objective("joint+uni+align"), NAMES)
    found = losses(model, model(batch), batch, task, terms)
    assert found["uni:a"].item() == 0
    assert found["align:a->b"].item() == 0
    torch.stack(list(found.values())).sum().backward()
    assert all(p.grad is None or p.grad.isfinite().all() for p in model.parameters())


def test_a_modality_that_no_sample_has_leaves_a_gradient_of_zero_whatever_its_weight(task):
    batch = batch_of({"a": torch.zeros(SIZE, dtype=torch.bool)})
    model, terms = model_of(), planned_terms(Objective("joint+uni"), NAMES)
    (1e3 * losses(model, model(batch), batch, task, terms)["uni:a"]).backward()
    gradients = [p.grad for p in model.parameters() if p.grad is not None]
    assert gradients
    assert all((gradient == 0).all() for gradient in gradients)


def test_samples_count_by_their_weights(task):
    weights = torch.linspace(0, 2, SIZE)
    batch = replace(batch_of({}), weights=weights)
    model, terms = model_of(), planned_terms(Objective("joint"), NAMES)
    outputs = model(batch)
    each = task.loss(outputs.prediction, batch.targets)
    found = losses(model, outputs, batch, task, terms)["joint"]
    assert found.item() == pytest.approx(((each * weights).sum() / weights.sum()).item())


def test_the_losses_of_the_fusion_itself_join(task):
    class Talking(Sum):
        def forward(self, features):
            return FusionOutput(super().forward(features), {"balance": torch.tensor(7.0)})

    model, batch = model_of(Talking()), batch_of()
    found = losses(model, model(batch), batch, task, (Term("joint"),))
    assert list(found) == ["joint", "aux:balance"]
    assert found["aux:balance"] == 7


def test_in_retrieval_every_task_loss_is_against_the_gallery():
    retrieval, gallery = TASKS["retrieval"](), torch.randn(SIZE, DIM + 1)
    outputs = Outputs(torch.randn(SIZE, DIM), logits={"a": torch.randn(SIZE, DIM)}, gallery=gallery)
    terms = (Term("joint"), Term("uni:a"))
    found = losses(model_of(), outputs, batch_of(), retrieval, terms)
    assert torch.equal(found["joint"], retrieval.loss(outputs.prediction, gallery).mean())
    assert torch.equal(found["uni:a"], retrieval.loss(outputs.logits["a"], gallery).mean())
