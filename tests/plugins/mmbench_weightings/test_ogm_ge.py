from __future__ import annotations

import math
from types import SimpleNamespace

import pytest
import torch
from torch import nn

from mmbench import Term
from mmbench.data.part import Part
from mmbench_weightings.ogm_ge import OGMGE


def observed(probabilities, alpha=0.5):
    """A weighting that has seen each modality give the true class these probabilities."""
    weighting = OGMGE((Term("joint"), *(Term(f"uni:{name}") for name in probabilities)), alpha)
    losses = {f"uni:{name}": -torch.tensor(p).log() for name, p in probabilities.items()}
    size = len(next(iter(probabilities.values())))
    batch = Part({}, {}, {}, torch.zeros(size))
    weighting.observe(SimpleNamespace(batch=batch, sample_losses=losses))
    return weighting


def test_the_dominant_of_two_is_slowed():
    # ρ = (0.9 + 0.6) / (0.2 + 0.3) = 3 for the first and 1/3 for the second.
    weighting = observed({"a": [0.9, 0.6], "b": [0.2, 0.3]})
    assert weighting.modulation.tolist() == pytest.approx([1 - math.tanh(0.5 * 3), 1.0])


def test_the_dominant_of_three_is_compared_with_the_mean_of_the_others():
    weighting = observed({"a": [0.8], "b": [0.3], "c": [0.1]}, alpha=0.2)
    assert weighting.modulation.tolist() == pytest.approx([1 - math.tanh(0.2 * 4), 1.0, 1.0])


def test_one_modality_and_equal_ones_are_not_slowed():
    assert observed({"a": [0.8]}).modulation.tolist() == [1.0]
    assert observed({"a": [0.5], "b": [0.5]}).modulation.tolist() == [1.0, 1.0]


def test_the_gradient_is_scaled_and_gets_noise_of_its_own_spread():
    torch.manual_seed(0)
    weighting = observed({"a": [0.9, 0.6], "b": [0.2, 0.3]})
    slopes = torch.randn(40_000) * 3 + 1
    encoders = [nn.Parameter(torch.zeros(40_000)) for _ in range(2)]
    shared = nn.Parameter(torch.zeros(40_000))
    loss = sum((slopes * parameter).sum() for parameter in (*encoders, shared))
    zero = torch.tensor(0.0)
    groups = {"encoder:a": encoders[:1], "encoder:b": encoders[1:], "shared": [shared]}
    weighting.backward({"joint": loss, "uni:a": zero, "uni:b": zero}, groups)
    for encoder, k in zip(encoders, [1 - math.tanh(1.5), 1.0], strict=True):
        noise = encoder.grad - k * slopes
        assert noise.mean().item() == pytest.approx(0.0, abs=0.06)
        assert noise.std().item() == pytest.approx(slopes.std().item(), rel=0.02)
        assert torch.corrcoef(torch.stack([noise, slopes]))[0, 1].abs() < 0.02
    assert torch.equal(shared.grad, slopes)


def test_without_noise_a_constant_gradient_is_only_scaled():
    weighting = observed({"a": [0.9, 0.6], "b": [0.2, 0.3]})
    weight = nn.Parameter(torch.zeros(5))
    zero = torch.tensor(0.0)
    losses = {"joint": 2 * weight.sum(), "uni:a": zero, "uni:b": zero}
    weighting.backward(losses, {"encoder:a": [weight]})
    assert weight.grad.tolist() == pytest.approx([2 * (1 - math.tanh(1.5))] * 5)
