from __future__ import annotations

import pytest
import torch
from torch import nn

from mmbench.gradients import jacobians


def parameter(*values):
    return nn.Parameter(torch.tensor(values))


def test_a_gradient_per_group_and_term_where_one_arrives():
    a, b, c = parameter(1.0, 2.0), parameter(3.0), parameter(4.0)
    groups = {"encoder:a": [a], "shared": [b, c], "align": [parameter(5.0)]}
    losses = {"joint": a.sum() * b.sum(), "uni:a": a.square().sum(), "aux:x": torch.tensor(1.0)}
    found = jacobians(losses, groups)
    assert {g: {t: row.tolist() for t, row in rows.items()} for g, rows in found.items()} == {
        "encoder:a": {"joint": [3.0, 3.0], "uni:a": [2.0, 4.0]},
        "shared": {"joint": [3.0, 0.0]},
        "align": {},
    }


def test_the_last_pass_frees_the_graph():
    a = parameter(2.0)
    loss = a.exp().sum()
    jacobians({"joint": loss, "uni:a": 2 * loss}, {"shared": [a]})
    with pytest.raises(RuntimeError, match="second time"):
        loss.backward()


def test_nothing_to_train_is_no_error():
    assert jacobians({"joint": torch.tensor(1.0, requires_grad=True)}, {}) == {}
