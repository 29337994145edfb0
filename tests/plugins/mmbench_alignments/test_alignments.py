from __future__ import annotations

import inspect

import pytest
import torch

import mmbench_alignments

REGISTERED = {alignment.name: alignment for alignment in mmbench_alignments.mmbench_alignments()}


def test_one_is_the_default():
    assert [name for name, a in REGISTERED.items() if a.role == "default"] == ["infonce"]


@pytest.mark.parametrize("alignment", REGISTERED.values(), ids=REGISTERED)
def test_parameters_are_the_keyword_arguments(alignment):
    signature = inspect.signature(alignment.load()).parameters
    assert set(alignment.parameters) == set(signature) - {"dim_i", "dim_j"}
    for name, space in alignment.parameters.items():
        space.check(signature[name].default)
    assert alignment.summary


@pytest.mark.parametrize("alignment", REGISTERED.values(), ids=REGISTERED)
@pytest.mark.parametrize("size", [1, 2, 7])
def test_the_loss_is_a_finite_scalar_with_finite_gradients(alignment, size):
    loss = alignment.load()(3, 5)
    x_i, x_j = (torch.randn(size, dim, requires_grad=True) for dim in (3, 5))
    value = loss(x_i, x_j)
    assert value.shape == ()
    value.backward()
    assert value.isfinite()
    assert all(p.grad.isfinite().all() for p in loss.parameters())
