from __future__ import annotations

import numpy as np
import pytest
import torch

from mmbench_alignments.pairs import contrast, cosines, same_targets

X = torch.zeros(4, 2)


@pytest.mark.parametrize(
    ("targets", "pairs"),
    [
        (None, []),
        (torch.tensor([3, 1, 3, 2]), [(0, 2)]),
        (torch.tensor([[1.0, 0.0], [1.0, 0.0], [1.0, 1.0], [0.0, 0.0]]), [(0, 1)]),
        (torch.tensor([0.5, -0.5, 0.25, 0.5]), [(0, 3)]),
        (torch.tensor([[float("nan")]] * 4), []),
    ],
    ids=["none", "classes", "labels", "reals", "unknown"],
)
def test_samples_agree_in_every_column_and_with_themselves(targets, pairs):
    expected = np.eye(4, dtype=bool)
    for a, b in pairs:
        expected[a, b] = expected[b, a] = True
    np.testing.assert_array_equal(same_targets(X, targets), expected)


@pytest.mark.parametrize("targets", [None, torch.zeros(0), torch.zeros(0, 3)])
def test_no_sample_agrees_with_none(targets):
    assert same_targets(torch.zeros(0, 2), targets).shape == (0, 0)


def test_cosines_are_of_every_pair_of_rows():
    a, b = torch.tensor([[3.0, 0.0], [0.0, 2.0]]), torch.tensor([[1.0, 0.0], [-2.0, 2.0]])
    root = 0.5**0.5
    torch.testing.assert_close(cosines(a, b), torch.tensor([[1.0, -root], [0.0, root]]))


def test_cross_entropy_is_a_mean_over_positives_among_candidates():
    rng = np.random.default_rng(0)
    scores = rng.normal(size=(5, 5))
    candidates = rng.random((5, 5)) < 0.6
    positives = candidates & (rng.random((5, 5)) < 0.5)
    np.fill_diagonal(candidates, True)
    np.fill_diagonal(positives, True)
    total = 0.0
    for a in range(5):
        share = np.exp(scores[a]) / np.exp(scores[a][candidates[a]]).sum()
        total -= np.log(share[positives[a]]).mean()
    found = contrast(*map(torch.from_numpy, (scores, positives, candidates)))
    assert found.item() == pytest.approx(total / 5)


def test_what_is_no_candidate_receives_no_gradient():
    scores = torch.randn(4, 4, requires_grad=True)
    candidates = torch.ones(4, 4).tril().bool()
    contrast(scores, torch.eye(4, dtype=torch.bool), candidates).backward()
    assert scores.grad.isfinite().all()
    assert (scores.grad[~candidates] == 0).all()
    assert (scores.grad[1:][candidates[1:]] != 0).all()
