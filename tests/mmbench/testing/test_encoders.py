from __future__ import annotations

import pytest
import torch
from torch import nn

from mmbench import Encoder
from mmbench.testing import check


def failures(target, *kinds, **more):
    found = check(Encoder("e", target, kinds=kinds, summary="E.", **more))
    return {result.property: result.message for result in found if result.status == "failed"}


class PerStep(nn.Module):
    def __init__(self, spec, dim):
        super().__init__()
        self.layer = nn.Linear(spec.shape[-1], dim)

    def forward(self, x, mask):
        mask = torch.ones(x.shape[:2], dtype=torch.bool, device=x.device) if mask is None else mask
        return self.layer(x) * mask.unsqueeze(-1), mask


class NoMask(PerStep):
    def forward(self, x, mask):
        return super().forward(x, mask)[0], None


class MixesSteps(PerStep):
    """A running mean that padding enters from behind."""

    def forward(self, x, mask):
        tokens, mask = super().forward(x, mask)
        return tokens + self.layer(x).mean(dim=1, keepdim=True), mask


class CutsToTheLongest(PerStep):
    def forward(self, x, mask):
        tokens, mask = super().forward(x, mask)
        return tokens / len(x), mask


@pytest.mark.parametrize("kind", ["audio", "motion", "sensor"])
def test_a_layer_per_step_passes(kind):
    assert failures(PerStep, kind) == {}


def test_a_missing_mask_is_caught():
    assert "tokens and mask have the promised shapes" in failures(NoMask, "audio")


def test_padding_that_matters_is_caught():
    assert list(failures(MixesSteps, "audio")) == ["padding does not matter"]


def test_dependence_on_the_batch_is_caught():
    assert "samples are independent" in failures(CutsToTheLongest, "audio")


def test_a_default_for_a_kind_it_does_not_take_is_caught():
    found = failures(PerStep, "audio", default_for=("text",))
    assert "text" in found["defaults are kinds it takes"]
