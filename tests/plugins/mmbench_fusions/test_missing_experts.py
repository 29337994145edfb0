from __future__ import annotations

import numpy as np
import pytest
import torch

from mmbench.errors import NotApplicable
from mmbench_fusions.missing_experts import MissingExperts, combination


def test_combinations_are_numbered(spelling):
    assert combination(torch.from_numpy(spelling.present)).tolist() == [7, 5, 4, 6]


def scores_and_inputs(fusion, spelling):
    projected = spelling.projected(fusion.project)
    bank = fusion.bank.detach().numpy()
    x = np.stack(
        [
            np.concatenate(
                [projected[m, b] if spelling.present[b, m] else bank[code, m] for m in range(3)]
            )
            for b, code in enumerate((7, 5, 4, 6))
        ]
    )
    return spelling.linear(fusion.router, x), x


def test_absent_modalities_have_a_vector_that_depends_on_the_others(spelling):
    fusion = MissingExperts(spelling.dims, 6, size=2, chosen=2).double().eval()
    scores, x = scores_and_inputs(fusion, spelling)
    assert scores.shape == (4, 7)
    experts = fusion.experts(torch.from_numpy(x)).detach().numpy()
    output = spelling.run(fusion).fused
    for sample in range(4):
        best = np.argsort(scores[sample])[-2:]
        expected = spelling.softmax(scores[sample, best]) @ experts[sample, best]
        spelling.same(output[sample], expected)


def test_routing_sends_incomplete_samples_to_their_expert(spelling):
    fusion = MissingExperts(spelling.dims, 6, size=2, chosen=2, routing=0.5).double()
    scores, _ = scores_and_inputs(fusion, spelling)
    probabilities = spelling.softmax(scores)
    chosen = np.argsort(scores[0])[-2:]
    balance = 7 * probabilities[0, chosen].sum() / 2
    targets = np.array([5, 4, 6]) - 1
    cross_entropy = -np.log(probabilities[[1, 2, 3], targets]).mean()
    spelling.same(spelling.run(fusion).aux["routing"], 0.5 * (balance + cross_entropy))


def test_too_many_combinations():
    with pytest.raises(NotApplicable, match=r"at most 8 modalities.*Found 9"):
        MissingExperts({f"m{k}": 2 for k in range(9)}, 3)
