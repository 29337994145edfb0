"""Products of lanes by NumPy."""

from __future__ import annotations

import pytest
import torch

from mmbench.training import blas

OPENBLAS = {
    "user_api": "blas",
    "internal_api": "openblas",
    "architecture": "SkylakeX",
    "num_threads": 1,
}
OPENMP = {"user_api": "openmp", "internal_api": "openmp", "num_threads": 2}


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


@pytest.mark.parametrize(
    ("operand", "expected"),
    [
        (torch.zeros(3, 4, 5), True),
        (torch.zeros(3, 5, 4).mT, True),
        (torch.zeros(3, 4, 9)[..., :5], True),
        (torch.zeros(7, 60)[:, 2:22].view(7, 4, 5), True),
        (torch.zeros(4, 5).expand(3, 4, 5), True),
        (torch.zeros(3, 1, 5).expand(3, 4, 5), False),
        (torch.zeros(3, 4, 1).expand(3, 4, 5), False),
        (torch.zeros(3, 4, 10)[..., ::2], False),
    ],
)
def test_which_matrices_numpy_gives_to_its_blas(operand, expected):
    assert blas.as_they_lie(operand) == expected
    assert blas.as_they_lie(torch.zeros(1, 2, 2), operand) == expected


def test_a_product_of_each_lane():
    torch.manual_seed(0)
    left, right = torch.randn(3, 4, 5), torch.randn(3, 6, 5).mT
    torch.testing.assert_close(blas.matmul(left, right), left @ right)
