from __future__ import annotations

import torch
from torch import nn

from mmbench import LossWeighting, Weighting
from mmbench.errors import NonFiniteError
from mmbench.testing import check


def failures(target):
    found = check(Weighting("w", target, summary="W."))
    return {result.property: result.message for result in found if result.status == "failed"}


class Plain(LossWeighting):
    """The sum."""


class Logarithms(LossWeighting):
    def forward(self, losses):
        return torch.stack(list(losses.values())).log().sum()


class RefusesNegatives(Logarithms):
    def forward(self, losses):
        if any(loss <= 0 for loss in losses.values()):
            raise NonFiniteError("Expected positive losses. Found others. Use another weighting.")
        return super().forward(losses)


class CountsInAnAttribute(LossWeighting):
    def __init__(self, terms):
        super().__init__(terms)
        self.steps = 0

    def forward(self, losses):
        self.steps += 1
        return super().forward(losses) / self.steps + next(iter(losses.values()))


class MakesItsBufferLate(LossWeighting):
    def forward(self, losses):
        if not hasattr(self, "first"):
            self.register_buffer("first", torch.stack(list(losses.values())).detach())
        return (torch.stack(list(losses.values())) / self.first).sum()


class JointAlone(LossWeighting):
    def forward(self, losses):
        return losses["joint"]


class OwnParameterUnused(LossWeighting):
    def __init__(self, terms):
        super().__init__(terms)
        self.spare = nn.Parameter(torch.ones(len(terms)))


class LargestLoss(LossWeighting):
    constant = True

    def forward(self, losses):
        return torch.stack(list(losses.values())).max() + super().forward(losses)


class StrangeNames(LossWeighting):
    def weights(self):
        return {"loss": 1.0}


def test_the_sum_passes():
    assert failures(Plain) == {}


def test_losses_that_turn_to_nan_are_caught():
    assert "losses of zero" in failures(Logarithms)["unusual losses stay finite"]


def test_a_clear_error_is_as_good_as_a_finite_result():
    assert failures(RefusesNegatives) == {}


def test_state_that_is_not_saved_is_caught():
    assert list(failures(CountsInAnAttribute)) == ["state survives saving"]
    assert "__init__" in failures(MakesItsBufferLate)["state survives saving"]


def test_parameters_without_a_gradient_are_caught():
    found = failures(JointAlone)["every parameter receives a gradient"]
    assert "unimodal_heads.@m0.weight" in found
    assert "spare" in failures(OwnParameterUnused)["every parameter receives a gradient"]


def test_weights_of_unknown_terms_are_caught():
    assert "loss" in failures(StrangeNames)["it is a loss weighting"]


def test_what_only_calls_itself_constant_is_caught():
    assert list(failures(LargestLoss)) == ["a constant one sums over trainings"]
