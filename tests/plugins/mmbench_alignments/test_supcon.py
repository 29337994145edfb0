from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from mmbench_alignments.infonce import InfoNCE
from mmbench_alignments.supcon import SupCon

CLASSES = torch.tensor([2, 0, 2, 1, 0, 2])


def spelled(loss, x_i, x_j, agree):
    z_i, z_j = (z.detach().numpy() for z in (loss.project_i(x_i), loss.project_j(x_j)))
    z_i, z_j = (z / np.linalg.norm(z, axis=1, keepdims=True) for z in (z_i, z_j))
    total, size = 0.0, len(z_i)
    for anchors, others in ((z_i, z_j), (z_j, z_i)):
        for a in range(size):
            scores = [math.exp(anchors[a] @ other / loss.temperature) for other in others]
            positives = [p for p in range(size) if agree(a, p)]
            total -= np.mean([math.log(scores[p] / sum(scores)) for p in positives])
    return total / 2 / size


@pytest.mark.parametrize("temperature", [0.07, 0.5])
@pytest.mark.parametrize(
    "targets",
    [CLASSES, torch.nn.functional.one_hot(CLASSES).float(), CLASSES.float()],
    ids=["classes", "labels", "reals"],
)
def test_samples_of_one_target_are_positives(temperature, targets):
    loss = SupCon(3, 5, dim=4, temperature=temperature).double()
    x_i, x_j = torch.randn(6, 3).double(), torch.randn(6, 5).double()
    expected = spelled(loss, x_i, x_j, lambda a, p: CLASSES[a] == CLASSES[p])
    assert loss(x_i, x_j, targets).item() == pytest.approx(expected)


def test_without_targets_it_is_infonce_at_a_fixed_temperature():
    loss, other = SupCon(3, 5, dim=4), InfoNCE(3, 5, dim=4)
    other.load_state_dict({**loss.state_dict(), "log_scale": torch.tensor(math.log(1 / 0.07))})
    x_i, x_j = torch.randn(6, 3), torch.randn(6, 5)
    torch.testing.assert_close(loss(x_i, x_j), other(x_i, x_j))
    torch.testing.assert_close(loss(x_i, x_j), loss(x_i, x_j, torch.arange(6)))


def test_features_that_group_by_class_cost_less():
    loss = SupCon(3, 3, dim=3)
    loss.project_j.load_state_dict(loss.project_i.state_dict())
    grouped = 3 * torch.nn.functional.one_hot(CLASSES).float()
    assert loss(grouped, grouped, CLASSES) < loss(grouped, grouped, CLASSES.roll(1))


@pytest.mark.parametrize("size", [0, 1])
def test_with_nothing_to_tell_apart_the_loss_is_zero(size):
    loss = SupCon(3, 5)
    assert loss(torch.randn(size, 3), torch.randn(size, 5), CLASSES[:size]).item() == 0


def test_of_identical_samples_none_is_told_from_another():
    loss, x = SupCon(3, 3), torch.randn(1, 3).expand(6, 3)
    assert loss(x, x, CLASSES).item() == pytest.approx(math.log(6), rel=1e-5)
    assert loss(torch.ones(6, 3), torch.ones(6, 3)).item() == pytest.approx(math.log(6), rel=1e-5)
