from __future__ import annotations

from itertools import permutations

import numpy as np
import torch

from mmbench_fusions.cross_attention import CrossAttention


def test_every_ordered_pair_has_its_own_block(spelling, sequences):
    fusion = CrossAttention(sequences.dims, 6, size=8, heads=2, layers=1).double().eval()
    state = spelling.state(fusion.blocks[0])
    names = list(sequences.dims)

    def linear(values, name, pair):
        return values @ state[f"{name}.weight"][pair] + state[f"{name}.bias"][pair]

    output = sequences.run(fusion).fused
    for sample in range(4):
        real = sequences.real(sample)
        x = {m: spelling.linear(fusion.project.layers[names.index(m)], v) for m, v in real.items()}
        pooled = []
        for pair, (a, b) in enumerate(permutations(names, 2)):
            if a not in x:
                pooled.append(np.zeros(8))
                continue
            attended = np.zeros((len(x[a]), 32))
            if b in x:
                queries = linear(spelling.layer_norm(x[a]), "to_queries", pair)
                keys, values = np.split(
                    linear(spelling.layer_norm(x[b]), "to_keys_values", pair), 2, axis=1
                )
                for h in (slice(0, 16), slice(16, 32)):
                    scores = spelling.softmax(queries[:, h] @ keys[:, h].T / 4)
                    attended[:, h] = scores @ values[:, h]
            z = x[a] + linear(attended, "from_heads", pair)
            hidden = np.maximum(linear(spelling.layer_norm(z), "feedforward.1", pair), 0)
            pooled.append((z + linear(hidden, "feedforward.3", pair)).mean(axis=0))
        spelling.same(output[sample], spelling.linear(fusion.leave, np.concatenate(pooled)))


def test_a_single_modality_attends_to_itself():
    fusion = CrossAttention({"text": 4}, 6).eval()
    x, mask = torch.randn(3, 5, 4), torch.ones(3, 5, dtype=torch.bool)
    projected = fusion.project.layers[0](x)[None]
    z = fusion.blocks[0](projected, projected, mask[None])
    expected = fusion.leave(z[0].mean(dim=1))
    torch.testing.assert_close(fusion({"text": x}, {"text": mask}), expected)
