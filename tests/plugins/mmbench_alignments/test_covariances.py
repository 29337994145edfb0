from __future__ import annotations

import numpy as np
import torch

from mmbench_alignments.covariances import centred, covariance, off_diagonal


def test_covariances_are_numpys():
    a, b = np.random.default_rng(0).normal(size=(2, 9, 3))
    expected = np.cov(a, b, rowvar=False)[:3, 3:]
    np.testing.assert_allclose(covariance(torch.from_numpy(a), torch.from_numpy(b)), expected)


def test_fewer_than_two_samples_have_none():
    for size in (0, 1):
        x = torch.randn(size, 3)
        assert (centred(x) == 0).all()
        assert (covariance(x, x) == 0).all()


def test_the_diagonal_is_taken_away():
    matrices = torch.arange(1.0, 9.0).reshape(2, 2, 2)
    expected = [[[0.0, 2.0], [3.0, 0.0]], [[0.0, 6.0], [7.0, 0.0]]]
    torch.testing.assert_close(off_diagonal(matrices), torch.tensor(expected))
