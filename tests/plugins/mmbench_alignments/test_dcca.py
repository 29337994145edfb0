from __future__ import annotations

import pytest
import scipy.linalg
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from mmbench_alignments.dcca import DCCA


def canonical_correlations(a, b, ridge):
    """The roots of Σ_ab w_b = ρ Σ_aa w_a, Σ_ba w_a = ρ Σ_bb w_b, as one symmetric problem."""
    joint = torch.cat([a, b], dim=1).T.cov().numpy()
    size = a.shape[1]
    across, within = joint.copy(), joint.copy()
    across[:size, :size] = across[size:, size:] = 0
    within[:size, size:] = within[size:, :size] = 0
    within += ridge * torch.eye(len(joint)).numpy()
    return scipy.linalg.eigh(across, within, eigvals_only=True)[-min(size, b.shape[1]) :]


def identity(dim_i, dim_j, ridge=1e-3):
    """A loss whose projections keep the features, zeros appended."""
    loss = DCCA(dim_i, dim_j, dim=max(dim_i, dim_j), ridge=ridge).double()
    for layer in (loss.project_i, loss.project_j):
        torch.nn.init.eye_(layer.weight)
    return loss


@given(st.integers(0, 99), st.integers(2, 5), st.sampled_from([1e-3, 0.1]))
@settings(deadline=None, max_examples=20)
def test_it_is_minus_the_sum_of_canonical_correlations(seed, dim_j, ridge):
    generator = torch.Generator().manual_seed(seed)
    x_i = torch.randn(20, 3, generator=generator, dtype=torch.float64)
    noise = torch.randn(20, dim_j, generator=generator, dtype=torch.float64)
    x_j = noise + x_i @ torch.randn(3, dim_j, generator=generator, dtype=torch.float64)
    found = identity(3, dim_j, ridge)(x_i, x_j).item()
    expected = -canonical_correlations(x_i, x_j, ridge).sum()
    assert found == pytest.approx(expected, abs=3e-5)


def test_the_projections_are_correlated_not_the_features():
    loss = DCCA(6, 5, dim=2).double()
    x_i, x_j = torch.randn(30, 6).double(), torch.randn(30, 5).double()
    z_i, z_j = loss.project_i(x_i).detach(), loss.project_j(x_j).detach()
    expected = -canonical_correlations(z_i, z_j, 1e-3).sum()
    assert loss(x_i, x_j).item() == pytest.approx(expected, rel=1e-6)


def test_a_linear_map_of_one_modality_correlates_perfectly():
    x = torch.randn(50, 4).double()
    turned = x @ torch.linalg.qr(torch.randn(4, 4).double())[0] * 5
    assert identity(4, 4)(x, turned).item() == pytest.approx(-4, abs=0.01)
    assert identity(4, 4)(x, torch.randn(50, 4).double()).item() > -2


def test_of_identical_features_the_ridge_alone_is_missing():
    x = torch.randn(50, 4).double()
    variances = torch.linalg.eigvalsh(x.T.cov())
    expected = -(variances / (variances + 1e-3)).sum().item()
    assert identity(4, 4)(x, x).item() == pytest.approx(expected)


@pytest.mark.parametrize("size", [0, 1, 6])
def test_features_that_do_not_vary_give_zero_without_a_gradient(size):
    loss = DCCA(3, 5)
    value = loss(torch.ones(size, 3), torch.ones(size, 5))
    value.backward()
    assert value.item() == 0
    assert all((p.grad == 0).all() for p in loss.parameters())


def test_the_gradient_is_right_where_correlations_repeat():
    loss = identity(3, 3)
    x = torch.linalg.qr(torch.randn(12, 3).double())[0]
    x_i, x_j = x.clone(), x.clone().requires_grad_()
    assert torch.autograd.gradcheck(lambda other: loss(x_i, other), x_j)


def test_in_single_precision_large_features_keep_the_ridge():
    x_i, x_j = torch.randn(5, 8) * 1e3, torch.randn(5, 8) * 1e3
    loss = identity(8, 8)
    exact = loss(x_i.double(), x_j.double()).item()
    assert loss.float()(x_i, x_j).item() == pytest.approx(exact, rel=1e-5)


def test_correlations_can_be_learned():
    loss = DCCA(6, 6, dim=2)
    x_i = torch.randn(200, 6)
    x_j = torch.randn(200, 6)
    x_j[:, :2] = x_i[:, 4:] + 0.1 * x_j[:, :2]
    optimiser = torch.optim.Adam(loss.parameters(), lr=0.05)
    before = loss(x_i, x_j).item()
    for _ in range(60):
        optimiser.zero_grad()
        loss(x_i, x_j).backward()
        optimiser.step()
    assert before > -1.5
    assert loss(x_i, x_j).item() < -1.9
