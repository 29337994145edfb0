from __future__ import annotations

import torch
from torch import nn

from mmbench import Alignment
from mmbench.testing import check


def failures(target):
    found = check(Alignment("a", target, summary="A."))
    return {result.property: result.message for result in found if result.status == "failed"}


class Distance(nn.Module):
    def __init__(self, dim_i, dim_j):
        super().__init__()
        self.project = nn.Linear(dim_i, dim_j)

    def forward(self, x_i, x_j):
        return (self.project(x_i) - x_j).square().sum() / max(x_i.numel(), 1)


class Mean(Distance):
    """NaN over no samples."""

    def forward(self, x_i, x_j):
        return (self.project(x_i) - x_j).square().mean()


class Correlation(Distance):
    def forward(self, x_i, x_j):
        z_i, z_j = (x - x.mean(dim=0) for x in (self.project(x_i), x_j))
        return -(z_i * z_j).sum() / (z_i.norm() * z_j.norm())


class Detached(Distance):
    def forward(self, x_i, x_j):
        return super().forward(x_i, x_j.detach())


def test_a_distance_passes():
    assert failures(Distance) == {}


def test_a_mean_over_no_samples_is_caught():
    assert "0 samples" in failures(Mean)["a finite scalar for every batch"]


def test_constant_features_are_caught():
    assert "constant features" in failures(Correlation)["special features stay finite"]


def test_a_detached_modality_is_caught():
    assert "x_j" in failures(Detached)["both modalities receive a gradient"]


def test_the_seed_of_the_caller_is_left_alone():
    torch.manual_seed(3)
    expected = torch.rand(2)
    torch.manual_seed(3)
    check(Alignment("a", Distance, summary="A."))
    assert torch.equal(torch.rand(2), expected)
