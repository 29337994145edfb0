from __future__ import annotations

import numpy as np
import pytest
import torch

from mmbench import Term
from mmbench_weightings.nash_mtl import NashMTL


@pytest.mark.parametrize("count", [2, 3, 6])
@pytest.mark.parametrize("seed", range(5))
def test_at_lengths_ten_thousand_apart_the_bargain_is_exact(seed, count):
    rows = np.random.default_rng(seed).standard_normal((count, 30))
    rows *= np.geomspace(1, 1e4, count)[:, None]
    terms = tuple(Term(f"uni:m{place}") for place in range(count))
    alpha = NashMTL(terms).combine(torch.tensor(rows @ rows.T)).numpy()
    assert (alpha > 0).all()
    assert rows @ rows.T @ alpha * alpha == pytest.approx(np.ones(count), abs=1e-6)
    assert np.linalg.norm(alpha @ rows) == pytest.approx(np.sqrt(count), rel=1e-6)


def test_two_gradients_have_a_closed_form():
    # C y = 1/y has y_1 = y_2 by symmetry, so (1 + cos) y² = 1; α = y / ‖g‖.
    gramian = torch.tensor([[4.0, -1.0], [-1.0, 1.0]], dtype=torch.float64)
    y = (1 - 1 / 2) ** -0.5
    alpha = NashMTL((Term("joint"), Term("uni:text"))).combine(gramian)
    assert alpha.numpy() == pytest.approx([y / 2, y])
