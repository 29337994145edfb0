from __future__ import annotations

import numpy as np
import pytest
import torch

from mmbench_fusions.mixtures import MixtureOfExperts, TopKMixture, largest, load_balance


def parts(fusion, spelling):
    """Scores of the gate and outputs of the experts."""
    h = torch.from_numpy(spelling.joined)
    scores, experts = spelling.linear(fusion.gate, spelling.joined), fusion.experts(h)
    return scores, experts.detach().numpy()


def test_the_mixture_is_over_all_experts(spelling):
    fusion = MixtureOfExperts(spelling.dims, 6, experts=3).double().eval()
    scores, experts = parts(fusion, spelling)
    expected = (spelling.softmax(scores)[:, :, None] * experts).sum(axis=1)
    spelling.same(spelling.run(fusion).fused, expected)


def test_the_sparse_mixture_is_over_the_best(spelling):
    fusion = TopKMixture(spelling.dims, 6, experts=4, chosen=2).double().eval()
    scores, experts = parts(fusion, spelling)
    output = spelling.run(fusion).fused
    for sample in range(4):
        best = np.argsort(scores[sample])[-2:]
        gates = spelling.softmax(scores[sample, best])
        spelling.same(output[sample], gates @ experts[sample, best])


def test_of_few_experts_all_are_chosen(spelling):
    assert TopKMixture(spelling.dims, 6, experts=2, chosen=5).chosen == 2


def test_the_balance_loss_is_the_squared_variation_of_the_mean_gates(spelling):
    fusion = MixtureOfExperts(spelling.dims, 6, experts=3, balance=0.5, dropout=0.0).double()
    scores, _ = parts(fusion, spelling)
    means = spelling.softmax(scores).mean(axis=0)
    expected = 0.5 * (means.std() / means.mean()) ** 2
    spelling.same(spelling.run(fusion).aux["balance"], expected)


def test_the_sparse_balance_loss_multiplies_choices_and_gates(spelling):
    fusion = TopKMixture(spelling.dims, 6, experts=4, chosen=2, balance=0.5).double()
    scores, _ = parts(fusion, spelling)
    chosen = np.zeros((4, 4))
    np.put_along_axis(chosen, np.argsort(scores, axis=1)[:, -2:], 1.0, axis=1)
    shares = chosen.sum(axis=0) / chosen.sum()
    expected = 0.5 * 4 * shares @ spelling.softmax(scores).mean(axis=0)
    spelling.same(spelling.run(fusion).aux["balance"], expected)


def test_even_load_costs_one():
    gates = torch.full((6, 3), 1 / 3)
    chosen = torch.eye(3, dtype=torch.bool).repeat(2, 1)
    assert load_balance(gates, chosen).item() == pytest.approx(1.0)
    everything_to_one = torch.tensor([[1.0, 0.0, 0.0]] * 6)
    assert load_balance(everything_to_one, everything_to_one.bool()).item() == pytest.approx(3.0)


def test_the_largest_of_each_row():
    scores = torch.tensor([[1.0, 3.0, 2.0], [0.0, -1.0, -2.0]])
    assert largest(scores, 2).tolist() == [[False, True, True], [True, True, False]]
