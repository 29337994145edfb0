from __future__ import annotations

import pytest
import torch
from torch import nn

from mmbench.errors import NonFiniteError
from mmbench.gradients import assign
from mmbench_weightings.backpropagation import (
    gradients,
    gradients_with_heads_apart,
    of_kind,
    require_finite,
)

WEIGHTS = {"joint": 2.0, "uni:a": 3.0, "uni:b": 0.0}


@pytest.fixture
def groups():
    """An encoder with a frozen part, two heads, and a fusion that nothing reaches."""
    torch.manual_seed(0)
    shapes = {"encoder:a": [(2, 3), (3,)], "head:a": [(3,)], "head:b": [(3,)], "shared": [(4,)]}
    made = {n: [nn.Parameter(torch.randn(s)) for s in sizes] for n, sizes in shapes.items()}
    made["encoder:a"].insert(1, nn.Parameter(torch.zeros(5), requires_grad=False))
    return made


@pytest.fixture
def losses(groups):
    w, _, b = groups["encoder:a"]
    feature = torch.tensor([1.0, -2.0]) @ w + b
    return {
        "joint": feature.sum(),
        "uni:a": (feature * groups["head:a"][0]).sum(),
        "uni:b": torch.tensor(float("nan")),
    }


def test_gradients_are_flat_by_group_without_what_is_frozen(groups, losses):
    found = gradients(losses, WEIGHTS, groups)
    head = groups["head:a"][0].detach()
    by_feature = 2.0 + 3.0 * head
    expected = torch.cat([by_feature, -2.0 * by_feature, by_feature])
    torch.testing.assert_close(found["encoder:a"], expected)
    assert found["shared"].tolist() == [0.0] * 4
    assert {name: len(flat) for name, flat in found.items()} == {
        "encoder:a": 9,
        "head:a": 3,
        "head:b": 3,
        "shared": 4,
    }
    again = gradients(losses, WEIGHTS, groups)
    assert torch.equal(again["encoder:a"], found["encoder:a"])


def test_heads_apart_learn_and_do_not_teach(groups, losses):
    found = gradients_with_heads_apart(losses, WEIGHTS, groups)
    expected = torch.tensor([2.0] * 3 + [-4.0] * 3 + [2.0] * 3)
    torch.testing.assert_close(found["encoder:a"], expected)
    own = gradients(losses, {"uni:a": 3.0}, groups)["head:a"]
    assert torch.equal(found["head:a"], own)
    assert own.abs().min() > 0


def test_gradients_of_no_loss_are_zero(groups, losses):
    assert gradients(losses, {}, groups)["encoder:a"].tolist() == [0.0] * 9
    constant = {"joint": torch.tensor(1.0)}
    assert gradients(constant, {"joint": 1.0}, groups)["head:a"].tolist() == [0.0] * 3


def test_assigning_gives_every_trained_parameter_a_gradient(groups):
    assign(groups, {"encoder:a": torch.arange(9.0)})
    w, frozen, b = groups["encoder:a"]
    assert w.grad.tolist() == [[0.0, 1.0, 2.0], [3.0, 4.0, 5.0]]
    assert frozen.grad is None
    assert b.grad.tolist() == [6.0, 7.0, 8.0]
    assert groups["shared"][0].grad.tolist() == [0.0] * 4


def test_kinds_leave_out_what_is_dropped():
    assert of_kind(WEIGHTS, "uni", "align") == {"uni:a": 3.0}


def test_a_dropped_loss_may_be_anything(losses):
    require_finite(losses, WEIGHTS)
    with pytest.raises(NonFiniteError, match="uni:b = nan"):
        require_finite(losses, {**WEIGHTS, "uni:b": 1.0})
