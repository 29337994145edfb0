"""Products of lanes by NumPy."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F

from mmbench.training import blas

OPENBLAS = {
    "user_api": "blas",
    "internal_api": "openblas",
    "architecture": "SkylakeX",
    "num_threads": 1,
}
OPENMP = {"user_api": "openmp", "internal_api": "openmp", "num_threads": 2}


@pytest.fixture
def given():
    torch.manual_seed(0)
    shapes = {"rows": (3, 5, 6), "weight": (3, 4, 6), "bias": (3, 4)}
    return {
        name: torch.randn(shape, dtype=torch.float64, requires_grad=True)
        for name, shape in shapes.items()
    }


@pytest.fixture
def one_thread():
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


def quicker(monkeypatch, amd, **libraries):
    monkeypatch.setattr(blas, "amd_with_avx512", lambda: amd)
    monkeypatch.setattr(blas, "threadpool_info", lambda: list(libraries.values()))
    return blas.quicker.__wrapped__()


def test_each_lane_is_a_linear_layer(given):
    found = blas.Linear.apply(*given.values())
    for place, own in enumerate(found):
        lane = (values[place] for values in given.values())
        torch.testing.assert_close(own, F.linear(*lane))


def test_gradients_are_those_of_differences(given):
    assert torch.autograd.gradcheck(blas.Linear.apply, tuple(given.values()))


def test_without_bias(given):
    rows, weight, _ = given.values()
    torch.testing.assert_close(blas.Linear.apply(rows, weight, None), rows @ weight.mT)


def test_only_what_is_asked_for_gets_a_gradient(given):
    rows, weight, bias = given.values()
    blas.Linear.apply(rows.detach(), weight, bias).sum().backward()
    assert rows.grad is None
    torch.testing.assert_close(bias.grad, torch.full_like(bias, 5.0))


def test_a_second_derivative_is_refused(given):
    """It would be wrong in silence; the pass that meets the error trains its lanes alone."""
    total = blas.Linear.apply(*given.values()).square().sum()
    (gradient,) = torch.autograd.grad(total, given["weight"], create_graph=True)
    with pytest.raises(RuntimeError, match="once_differentiable"):
        gradient.sum().backward()


def test_numpy_is_quicker_where_it_alone_has_wide_instructions(monkeypatch):
    assert quicker(monkeypatch, True, numpy=OPENBLAS, torch=OPENMP)
    assert not quicker(monkeypatch, False, numpy=OPENBLAS)
    assert not quicker(monkeypatch, True)
    assert not quicker(monkeypatch, True, torch=OPENMP)
    assert not quicker(monkeypatch, True, numpy=OPENBLAS | {"architecture": "Haswell"})


def test_another_library_may_be_numpys(monkeypatch):
    mkl = OPENBLAS | {"internal_api": "mkl", "architecture": None}
    assert not quicker(monkeypatch, True, scipy=OPENBLAS, numpy=mkl)


def test_threads_of_two_libraries_would_wait_for_each_other(monkeypatch):
    assert not quicker(monkeypatch, True, numpy=OPENBLAS | {"num_threads": 2})


@pytest.mark.usefixtures("one_thread")
def test_what_numpy_should_have(monkeypatch):
    monkeypatch.setattr(blas, "quicker", lambda: True)
    assert blas.fits(torch.zeros(2))
    assert not blas.fits(torch.zeros(2, dtype=torch.bfloat16))
    assert not blas.fits(torch.zeros(2, device="meta"))
    with torch.autocast("cpu", torch.bfloat16):
        assert not blas.fits(torch.zeros(2))
    torch.set_num_threads(2)
    assert not blas.fits(torch.zeros(2))
