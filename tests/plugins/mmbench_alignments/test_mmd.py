from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics.pairwise import euclidean_distances, rbf_kernel

from mmbench_alignments.mmd import MaximumMeanDiscrepancy

MULTIPLES = (0.25, 0.5, 1, 2, 4)


def loss_of(seed, dim=4):
    torch.manual_seed(seed)
    return MaximumMeanDiscrepancy(3, 5, dim=dim).double()


@given(st.integers(0, 99), st.integers(1, 8), st.sampled_from([1.0, 1e3]))
@settings(deadline=None, max_examples=20)
def test_it_is_a_discrepancy_of_five_kernels_and_never_negative(seed, size, scale):
    loss = loss_of(seed)
    x_i, x_j = torch.randn(size, 3).double() * scale, torch.randn(size, 5).double() * scale
    z_i, z_j = (z.detach().numpy() for z in (loss.project_i(x_i), loss.project_j(x_j)))
    both = np.concatenate([z_i, z_j])
    pairs = euclidean_distances(both, squared=True)[np.triu_indices(2 * size, 1)]
    expected = 0.0
    for gamma in 1 / (np.array(MULTIPLES) * pairs.mean()):
        means = [rbf_kernel(a, b, gamma).mean() for a, b in ((z_i, z_i), (z_j, z_j), (z_i, z_j))]
        expected += (means[0] + means[1] - 2 * means[2]) / 5
    found = loss(x_i, x_j).item()
    assert found == pytest.approx(expected, abs=1e-9)
    assert found > -1e-12


def test_the_same_samples_in_another_order_have_no_discrepancy():
    loss = MaximumMeanDiscrepancy(3, 3)
    loss.project_j.load_state_dict(loss.project_i.state_dict())
    x = torch.randn(9, 3)
    for other in (x, x.flip(0)):
        assert loss(x, other).item() == pytest.approx(0, abs=1e-6)
    assert loss(torch.ones(9, 3), torch.ones(9, 3)).item() == pytest.approx(0, abs=1e-6)
    assert loss(x, x + 2).item() > 0.1


def test_one_sample_is_as_far_as_its_own_width():
    expected = 2 - 2 * np.mean([math.exp(-1 / multiple) for multiple in MULTIPLES])
    found = loss_of(0)(torch.randn(1, 3).double(), torch.randn(1, 5).double())
    assert found.item() == pytest.approx(expected)


def test_of_constant_features_half_of_the_pairs_are_apart():
    mean = 3 / 5  # of 15 pairs of 6 features 9 are across
    expected = 2 - 2 * np.mean([math.exp(-1 / (multiple * mean)) for multiple in MULTIPLES])
    found = loss_of(0)(torch.ones(3, 3).double(), torch.ones(3, 5).double())
    assert found.item() == pytest.approx(expected)


def test_no_sample_gives_zero():
    assert loss_of(0)(torch.zeros(0, 3).double(), torch.zeros(0, 5).double()).item() == 0


def test_the_width_is_a_constant_so_that_one_sample_is_drawn_near():
    loss = MaximumMeanDiscrepancy(2, 2, dim=2)
    for layer in (loss.project_i, loss.project_j):
        torch.nn.init.eye_(layer.weight)
        torch.nn.init.zeros_(layer.bias)
    x_i = torch.zeros(1, 2, requires_grad=True)
    loss(x_i, torch.tensor([[3.0, 4.0]])).backward()
    direction = torch.nn.functional.normalize(-x_i.grad)
    torch.testing.assert_close(direction, torch.tensor([[0.6, 0.8]]))
