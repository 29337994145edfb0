from __future__ import annotations

import numpy as np
import torch

from mmbench_encoders.transformer_block import TransformerBlock


def layer_norm(x):
    centred = x - x.mean(-1, keepdims=True)
    return centred / np.sqrt((centred**2).mean(-1, keepdims=True) + 1e-5)


def spelled(block, x, mask):
    """One sample `(T, dim)`; norms at their initial scale 1 and shift 0."""
    state = {name: value.numpy() for name, value in block.state_dict().items()}

    def linear(values, name):
        return values @ state[f"{name}.weight"].T + state[f"{name}.bias"]

    heads, size = block.heads, block.head_dim
    mixed = linear(layer_norm(x), "to_queries_keys_values").reshape(len(x), 3, heads, size)
    contexts = []
    for head in range(heads):
        queries, keys, values = (mixed[:, part, head] for part in range(3))
        weights = np.exp(queries @ keys.T / np.sqrt(size)) * mask
        contexts.append(weights / weights.sum(axis=1, keepdims=True) @ values)
    x = x + linear(np.concatenate(contexts, axis=1), "from_heads")
    return x + linear(np.maximum(linear(layer_norm(x), "feedforward.1"), 0), "feedforward.3")


def test_it_is_the_pre_norm_block():
    block = TransformerBlock(6, heads=2, head_dim=4, hidden=7).double()
    rng = np.random.default_rng(0)
    x, mask = rng.normal(size=(3, 5, 6)), rng.random((3, 5)) < 0.7
    mask[:, 0] = True
    found = block(torch.from_numpy(x), torch.from_numpy(mask)).detach().numpy()
    for sample in range(3):
        expected = spelled(block, x[sample], mask[sample])
        np.testing.assert_allclose(found[sample], expected, atol=1e-6)


def test_nothing_to_attend_to_stays_finite():
    block = TransformerBlock(6, heads=2, head_dim=4, hidden=7)
    x = torch.randn(2, 3, 6, requires_grad=True)
    block(x, torch.zeros(2, 3, dtype=torch.bool)).sum().backward()
    assert x.grad.isfinite().all()
