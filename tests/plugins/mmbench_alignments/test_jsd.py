from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.distance import jensenshannon
from scipy.special import softmax

from mmbench_alignments.jsd import JensenShannon


def scipys(a, b):
    rows = zip(softmax(a.numpy(), axis=1), softmax(b.numpy(), axis=1), strict=True)
    return np.mean([jensenshannon(p, q) ** 2 for p, q in rows])


@given(st.integers(0, 99), st.integers(1, 6), st.sampled_from([0.1, 1.0, 10.0]))
@settings(deadline=None, max_examples=20)
def test_it_is_the_mean_divergence_of_the_predictions(seed, size, scale):
    generator = torch.Generator().manual_seed(seed)
    a, b = scale * torch.randn(2, size, 4, generator=generator, dtype=torch.float64)
    x = torch.zeros(size, 3)
    assert JensenShannon(3, 3)(x, x, a, b).item() == pytest.approx(scipys(a, b), abs=1e-12)


def test_without_predictions_it_is_that_of_the_features():
    a, b = torch.randn(2, 6, 3).double()
    loss = JensenShannon(3, 3)
    assert not list(loss.parameters())
    assert loss(a, b).item() == pytest.approx(scipys(a, b))
    assert loss(a, b, logits_i=b).item() == pytest.approx(scipys(a, b))


def test_a_prediction_of_one_column_says_nothing():
    a, b = torch.randn(2, 6, 3).double()
    lone = torch.randn(6, 1).double()
    assert JensenShannon(3, 3)(a, b, lone, -lone).item() == pytest.approx(scipys(a, b))


def test_features_of_two_sizes_meet_at_the_first():
    loss = JensenShannon(3, 5).double()
    a, b = torch.randn(6, 3).double(), torch.randn(6, 5).double()
    assert loss(a, b).item() == pytest.approx(scipys(a, loss.project_j(b).detach()))


def test_it_lies_between_zero_and_ln_2():
    sure = 1e3 * torch.eye(3)
    loss = JensenShannon(3, 3)
    assert loss(sure, sure).item() == 0
    assert loss(torch.ones(4, 3), 2 * torch.ones(4, 3)).item() == pytest.approx(0, abs=1e-7)
    assert loss(sure, sure.roll(1, 0)).item() == pytest.approx(math.log(2))


def test_one_sample_is_a_mean_and_none_gives_zero():
    loss, one = JensenShannon(2, 2), torch.tensor([[0.0, 0.0]])
    sure = torch.tensor([[1e3, 0.0]])
    expected = 0.5 * math.log(0.5 / 0.75) / 2 + 0.5 * math.log(0.5 / 0.25) / 2
    assert loss(one, sure).item() == pytest.approx(expected + math.log(1 / 0.75) / 2)
    assert loss(one[:0], sure[:0]).item() == 0
