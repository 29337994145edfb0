from __future__ import annotations

import numpy as np
import pytest
import torch

from mmbench.errors import BadParameter
from mmbench_fusions.score_attention import ScoreAttention


@pytest.mark.parametrize("aggregate", ["mean", "learned"])
def test_pairs_attend_on_their_own_and_their_contexts_are_averaged(spelling, sequences, aggregate):
    fusion = ScoreAttention(sequences.dims, 6, aggregate=aggregate).double()
    if aggregate == "learned":
        torch.nn.init.normal_(fusion.scores)
        scores = fusion.scores.detach().numpy()
    else:
        scores = np.zeros((3, 3))
    names = list(sequences.dims)
    output = sequences.run(fusion)
    for sample in range(4):
        mixed = {
            m: np.split(
                spelling.linear(fusion.to_queries_keys_values.layers[names.index(m)], x), 3, axis=1
            )
            for m, x in sequences.real(sample).items()
        }
        pairs = [(a, b) for a in mixed for b in mixed if a != b] or [(a, a) for a in mixed]
        weights = np.exp([scores[names.index(a), names.index(b)] for a, b in pairs])
        weights /= weights.sum()
        context = np.zeros(6)
        for weight, (a, b) in zip(weights, pairs, strict=True):
            queries, keys, values = mixed[a][0], mixed[b][1], mixed[b][2]
            attended = spelling.softmax(queries @ keys.T / np.sqrt(6)) @ values
            context += weight * attended.mean(axis=0)
        spelling.same(output.fused[sample], spelling.linear(fusion.project, context))
        for m in names:
            share = sum(w for w, (_, b) in zip(weights, pairs, strict=True) if b == m)
            spelling.same(output.weights[m][sample], share)


def test_it_learns_weights_only_where_asked(spelling):
    names = {name for name, _ in ScoreAttention(spelling.dims, 6, "mean").named_parameters()}
    assert "scores" not in names
    with pytest.raises(BadParameter, match=r"mean, learned\. Found 'max'"):
        ScoreAttention(spelling.dims, 6, "max")
