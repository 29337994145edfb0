from __future__ import annotations

import numpy as np
import torch

from mmbench_fusions.attention import EarlyTransformer, LateTransformer

DIMS = {"audio": 3, "image": 5, "text": 4}


def layer_norm(x):
    centred = x - x.mean(-1, keepdims=True)
    return centred / np.sqrt((centred**2).mean(-1, keepdims=True) + 1e-5)


def spelled(fusion, features):
    """One sample with the modalities in `features`: its fused feature and their shares."""
    state = {name: value.numpy() for name, value in fusion.state_dict().items()}

    def linear(values, name):
        return values @ state[f"{name}.weight"].T + state[f"{name}.bias"]

    tokens = [state["class_token"][0, 0]]
    for index, name in enumerate(DIMS):
        if name in features:
            embedding = state["modality_embedding"][index]
            tokens.append(linear(features[name], f"project.layers.{index}") + embedding)
    x = np.stack(tokens)
    block = fusion.blocks[0]
    mixed = linear(layer_norm(x), "blocks.0.to_queries_keys_values")
    mixed = mixed.reshape(len(x), 3, block.heads, block.head_dim)
    contexts, received = [], []
    for head in range(block.heads):
        queries, keys, values = (mixed[:, part, head] for part in range(3))
        weights = np.exp(queries @ keys.T / np.sqrt(block.head_dim))
        weights /= weights.sum(axis=1, keepdims=True)
        contexts.append(weights @ values)
        received.append(weights[0, 1:])
    x = x + linear(np.concatenate(contexts, axis=1), "blocks.0.from_heads")
    hidden = np.maximum(linear(layer_norm(x), "blocks.0.feedforward.1"), 0)
    x = x + linear(hidden, "blocks.0.feedforward.3")
    shares = np.mean(received, axis=0)
    return layer_norm(x[0]), shares / shares.sum()


def test_absent_modalities_are_no_tokens_at_all():
    fusion = LateTransformer(DIMS, 10, heads=2).double().eval()
    rng = np.random.default_rng(0)
    features = {m: rng.normal(size=(3, size)) for m, size in DIMS.items()}
    present = np.array([[1, 1, 1], [0, 1, 1], [0, 0, 1]], dtype=bool)
    presence = dict(zip(DIMS, torch.from_numpy(present).unbind(1), strict=True))
    output = fusion({m: torch.from_numpy(x) for m, x in features.items()}, presence)
    for sample in range(3):
        names = [m for m, there in zip(DIMS, present[sample], strict=True) if there]
        fused, shares = spelled(fusion, {m: features[m][sample] for m in names})
        np.testing.assert_allclose(output.fused[sample].detach(), fused, atol=1e-6)
        found = [output.weights[m][sample].item() for m in names]
        np.testing.assert_allclose(found, shares, atol=1e-6)


def test_the_early_transformer_reads_all_real_tokens(sequences, spelling):
    fusion = EarlyTransformer(sequences.dims, 10, heads=2).double().eval()
    output = sequences.run(fusion)
    for sample in range(4):
        tokens, owners = [fusion.class_token[0].detach().numpy()], []
        for m, x in sequences.real(sample).items():
            place = list(sequences.dims).index(m)
            embedding = fusion.project.embedding[place].detach().numpy()
            tokens.append(spelling.linear(fusion.project.layers[place], x) + embedding)
            owners += [m] * len(x)
        joined = torch.from_numpy(np.concatenate(tokens))[None]
        mask = torch.ones(joined.shape[:2], dtype=torch.bool)
        x, attention = fusion.blocks[0](joined, mask)
        spelling.same(output.fused[sample], layer_norm(x[0, 0].detach().numpy()))
        received = attention[0, :, 0, 1:].mean(dim=0).detach().numpy()
        for m in sequences.dims:
            share = received[np.array(owners) == m].sum() / received.sum()
            spelling.same(output.weights[m][sample], share)
