"""Training in float16: small gradients arrive, overflows do no harm, and nobody outside sees the factor."""

from __future__ import annotations

import math

import pytest
import torch

from mmbench.data.part import Part
from mmbench.errors import NonFiniteError
from mmbench.model import FusionModel
from mmbench.training.loss_scale import GROWTH, START, LossScale, scaled

SMALL = 3e-7
"""Times a loss: its gradients are then below what float16 can hold, which is 6e-8."""


class Encoder(torch.nn.Linear):
    def forward(self, x, mask):
        return super().forward(x)[:, None], torch.ones(len(x), 1, dtype=torch.bool)


class Sum(torch.nn.Module):
    def forward(self, features):
        return sum(features.values())


@pytest.fixture
def batch():
    torch.manual_seed(0)
    return Part({name: torch.randn(8, 5) for name in "ab"}, {}, {}, torch.arange(8) % 3)


@pytest.fixture
def make():
    def model(precision):
        torch.manual_seed(1)
        encoders = {name: Encoder(5, 4) for name in "ab"}
        head = torch.nn.Linear(4, 3)
        heads = {name: torch.nn.Linear(4, 3) for name in "ab"}
        return FusionModel(encoders, Sum(), "pooled", head, heads, precision=precision)

    return model


def gradients(model, batch):
    outputs = model(batch)
    found = [outputs.prediction, *outputs.logits.values()]
    loss = sum(torch.nn.functional.cross_entropy(x, batch.targets) for x in found)
    model.zero_grad()
    (SMALL * loss).backward()
    return torch.cat([parameter.grad.flatten() for parameter in model.parameters()])


def test_small_gradients_arrive_as_they_are(make, batch):
    expected, half = gradients(make("float32"), batch), make("float16")
    assert (gradients(half, batch) == 0).float().mean() > 0.3
    with scaled(half):
        found = gradients(half, batch)
    torch.testing.assert_close(found, expected, rtol=0.02, atol=0.02 * float(expected.abs().max()))


def test_the_model_is_afterwards_as_it_was(make, batch):
    half = make("float16")
    before = gradients(half, batch)
    with pytest.raises(KeyError), scaled(half):
        raise KeyError
    assert torch.equal(gradients(half, batch), before)


def test_nothing_inside_needs_to_train(make, batch):
    half = make("float16").requires_grad_(False)
    half.alignments["@a->b"] = torch.nn.Linear(4, 4)
    with scaled(half):
        assert not half(batch).prediction.requires_grad


@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
def test_others_are_left_alone(make, precision):
    model = make(precision)
    with scaled(model) as scale:
        assert scale is None
        assert model.at_output is None


def test_the_factor_is_halved_by_an_overflow_and_doubled_after_a_while_without():
    scale = LossScale(torch.device("cpu"))
    assert scale.judge(torch.tensor(math.nan))
    assert scale.factor == START / 2
    for _ in range(GROWTH - 1):
        assert not scale.judge(torch.tensor(1.0))
    assert scale.factor == START / 2
    scale.judge(torch.tensor(1.0))
    assert scale.factor == START
    scale.require_sense()
    for _ in range(13):
        scale.judge(torch.tensor(math.inf))
    with pytest.raises(NonFiniteError, match="bfloat16"):
        scale.require_sense()
