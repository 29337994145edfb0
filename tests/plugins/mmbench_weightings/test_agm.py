from __future__ import annotations

import math
from itertools import permutations
from types import SimpleNamespace

import pytest
import torch
from torch import nn

from mmbench import Term
from mmbench.data.part import Part
from mmbench.tasks import TASKS
from mmbench_weightings.agm import AGM, mono_responses


class Game:
    """A step whose prediction depends on which modalities the batch has."""

    def __init__(self, values, targets=None, batch=None, task=None):
        self.values, self.task, self.passes = values, task, 0
        size = len(next(iter(values.values())))
        targets = torch.zeros(size, dtype=torch.long) if targets is None else targets
        names = max(values, key=len)
        inputs = {name: torch.ones(size, 1) for name in names}
        self.batch = Part(inputs, {}, {}, targets) if batch is None else batch
        here = frozenset(n for n, x in self.batch.inputs.items() if bool(x.any()))
        self.outputs = SimpleNamespace(prediction=values[here], gallery=None)

    def again(self, batch):
        self.passes += 1
        return Game(self.values, batch=batch)


def random_game(names, classes=3, size=2):
    def subsets(left):
        return (
            [frozenset()]
            if not left
            else [s | e for s in subsets(left[1:]) for e in ({left[0]}, set())]
        )

    torch.manual_seed(0)
    return {s: torch.randn(size, classes) for s in subsets(list(names)) if s}


def test_two_modalities_have_the_papers_response():
    values = random_game("ab")
    both, a, b = values[frozenset("ab")], values[frozenset("a")], values[frozenset("b")]
    found = mono_responses(Game(values), ("a", "b"))
    assert torch.allclose(found["a"], (both - b + a) / 2)
    assert torch.allclose(found["b"], (both - a + b) / 2)


@pytest.mark.parametrize("names", ["a", "abc", "abcd"])
def test_responses_are_mean_contributions_over_all_orders_and_sum_to_the_prediction(names):
    values = random_game(names)
    game = Game(values)
    found = mono_responses(game, tuple(names))
    assert game.passes == 2 ** len(names) - 2
    worth = {frozenset(): torch.zeros(2, 3), **values}
    orders = list(permutations(names))
    for name in names:
        gains = [
            worth[frozenset(order[: order.index(name) + 1])]
            - worth[frozenset(order[: order.index(name)])]
            for order in orders
        ]
        assert torch.allclose(found[name], torch.stack(gains).mean(0), atol=1e-6)
    assert torch.allclose(
        torch.stack(list(found.values())).sum(0), values[frozenset(names)], atol=1e-6
    )


def regression(a, b):
    """A batch of one whose responses are `a` and `b`, so that their losses are a² and b²."""
    task = TASKS["regression"]()
    values = {frozenset("ab"): a + b, frozenset("a"): a, frozenset("b"): b}
    tensors = {names: torch.tensor([[float(value)]]) for names, value in values.items()}
    return Game(tensors, targets=torch.zeros(1, 1), task=task)


TERMS = (Term("joint"), Term("uni:a"), Term("uni:b"))


def test_the_modulation_compares_the_batch_with_the_average():
    weighting = AGM(TERMS, alpha=0.5)
    weighting.observe(regression(1.0, 0.5))  # losses 1 and ¼
    assert weighting.modulation.tolist() == pytest.approx([1.0, 1.0])
    weighting.observe(regression(0.5, 1.0))  # losses ¼ and 1; their averages are equal, so τ = 1
    expected = [math.exp(0.5 * (1 - math.exp(0.75))), math.exp(0.5 * (1 - math.exp(-0.75)))]
    assert weighting.modulation.tolist() == pytest.approx(expected)
    assert weighting.averages.tolist() == pytest.approx([0.625, 0.625])


def test_the_cap_bounds_the_gap_and_large_losses_stay_finite():
    weighting = AGM(TERMS, alpha=1.0, cap=0.25)
    weighting.observe(regression(0.5, 1.0))
    weighting.observe(regression(1.0, 0.5))
    assert weighting.modulation.max().item() == pytest.approx(math.exp(0.25))
    weighting.observe(regression(1e3, 0.0))
    weighting.observe(regression(0.0, 1e3))
    assert weighting.modulation.isfinite().all()


def test_encoders_gradients_are_scaled_and_no_others():
    weighting = AGM(TERMS)
    weighting.modulation = torch.tensor([0.5, 3.0])
    a, b, shared = (nn.Parameter(torch.zeros(())) for _ in range(3))
    zero = torch.tensor(0.0)
    losses = {"joint": 2 * a + 2 * b + 2 * shared, "uni:a": zero, "uni:b": zero}
    weighting.backward(losses, {"encoder:a": [a], "encoder:b": [b], "shared": [shared]})
    assert [p.grad.item() for p in (a, b, shared)] == [1.0, 6.0, 2.0]


def test_one_modality_is_not_scaled():
    weighting = AGM(TERMS[:2])
    for value in (1.0, 5.0):
        prediction = {frozenset("a"): torch.tensor([[value]])}
        task = TASKS["regression"]()
        weighting.observe(Game(prediction, targets=torch.zeros(1, 1), task=task))
        assert weighting.modulation.tolist() == [1.0]
