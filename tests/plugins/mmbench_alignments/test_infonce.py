from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from torch.func import functional_call, stack_module_state, vmap

from mmbench_alignments.infonce import InfoNCE


def spelled(loss, x_i, x_j):
    z_i, z_j = (
        x @ layer.weight.detach().numpy().T + layer.bias.detach().numpy()
        for x, layer in ((x_i, loss.project_i), (x_j, loss.project_j))
    )
    total = 0.0
    for k in range(len(x_i)):
        cosines = [
            z_i[a] @ z_j[b] / np.linalg.norm(z_i[a]) / np.linalg.norm(z_j[b])
            for a, b in [(k, n) for n in range(len(x_i))] + [(n, k) for n in range(len(x_i))]
        ]
        scores = np.exp(min(np.exp(loss.log_scale.item()), 100) * np.array(cosines))
        row, column = scores[: len(x_i)], scores[len(x_i) :]
        total -= np.log(row[k] / row.sum()) + np.log(column[k] / column.sum())
    return total / 2 / len(x_i)


@pytest.mark.parametrize("log_scale", [math.log(1 / 0.07), 0.0, 6.0])
def test_it_is_the_symmetric_cross_entropy_of_scaled_cosines(log_scale):
    loss = InfoNCE(3, 5, dim=4).double()
    loss.log_scale.data.fill_(log_scale)
    rng = np.random.default_rng(0)
    x_i, x_j = rng.normal(size=(6, 3)), rng.normal(size=(6, 5))
    found = loss(torch.from_numpy(x_i), torch.from_numpy(x_j)).item()
    assert found == pytest.approx(spelled(loss, x_i, x_j), abs=1e-6)


def test_the_scale_starts_at_one_over_007():
    assert InfoNCE(3, 5).log_scale.exp().item() == pytest.approx(1 / 0.07, rel=1e-6)


def test_pairs_that_match_cost_less_than_pairs_that_do_not():
    loss = InfoNCE(4, 4, dim=4)
    loss.project_j.load_state_dict(loss.project_i.state_dict())
    x = torch.randn(8, 4)
    assert loss(x, x) < loss(x, x.roll(1, dims=0))


@pytest.mark.parametrize("size", [0, 1])
def test_with_nothing_to_tell_apart_the_loss_is_zero_and_can_be_trained_on(size):
    loss = InfoNCE(3, 5)
    value = loss(torch.randn(size, 3), torch.randn(size, 5))
    assert value.item() == 0
    value.backward()
    assert all((p.grad == 0).all() for p in loss.parameters())


def test_a_feature_of_zeros_stays_finite():
    loss = InfoNCE(3, 5)
    value = loss(torch.zeros(4, 3), torch.zeros(4, 5))
    value.backward()
    assert value.isfinite()
    assert all(p.grad.isfinite().all() for p in loss.parameters())


def test_every_parameter_receives_a_gradient():
    loss = InfoNCE(3, 5)
    loss(torch.randn(6, 3), torch.randn(6, 5)).backward()
    for name, parameter in loss.named_parameters():
        assert parameter.grad.abs().sum() > 0, name


def test_lanes_equal_the_losses_alone():
    losses = [InfoNCE(3, 5).double() for _ in range(3)]
    x_i, x_j = (torch.randn(3, 6, size, dtype=torch.float64) for size in (3, 5))
    parameters, buffers = stack_module_state(losses)

    def lane(parameters, buffers, x_i, x_j):
        return functional_call(losses[0], (parameters, buffers), (x_i, x_j))

    lanes = vmap(lane)(parameters, buffers, x_i, x_j)
    alone = torch.stack([loss(a, b) for loss, a, b in zip(losses, x_i, x_j, strict=True)])
    torch.testing.assert_close(lanes, alone)
