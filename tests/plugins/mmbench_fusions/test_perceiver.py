from __future__ import annotations

import numpy as np
import torch

from mmbench_fusions.perceiver import Perceiver


def test_latents_read_all_real_tokens_then_each_other(spelling, sequences):
    fusion = Perceiver(sequences.dims, 6, size=8, latents=3, heads=1, layers=1).double().eval()
    state = spelling.state(fusion.read)
    embedding = fusion.project.embedding.detach().numpy()

    def linear(values, name):
        return values @ state[f"{name}.weight"][0] + state[f"{name}.bias"][0]

    output = sequences.run(fusion).fused
    for sample in range(4):
        tokens = []
        for m, x in sequences.real(sample).items():
            place = list(sequences.dims).index(m)
            tokens.append(spelling.linear(fusion.project.layers[place], x) + embedding[place])
        context = spelling.layer_norm(np.concatenate(tokens))
        latents = fusion.latents[0, 0].detach().numpy()
        queries = linear(spelling.layer_norm(latents), "to_queries")
        keys, values = np.split(linear(context, "to_keys_values"), 2, axis=1)
        attended = spelling.softmax(queries @ keys.T / 4) @ values
        z = latents + linear(attended, "from_heads")
        hidden = np.maximum(linear(spelling.layer_norm(z), "feedforward.1"), 0)
        z = z + linear(hidden, "feedforward.3")
        x, _ = fusion.blocks[0](torch.from_numpy(z)[None], torch.ones(1, 3, dtype=torch.bool))
        mean = x[0].detach().numpy().mean(axis=0)
        expected = spelling.linear(fusion.leave, spelling.layer_norm(mean))
        spelling.same(output[sample], expected)
