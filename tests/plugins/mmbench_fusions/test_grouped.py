from __future__ import annotations

import numpy as np
import torch

from mmbench_fusions.grouped import GroupedBlock, GroupedLinear, GroupedNorm, one_group


def test_each_group_has_its_own_layer():
    layer = GroupedLinear(3, 4, 2).double()
    x = torch.randn(3, 5, 6, 4, dtype=torch.float64)
    for group in range(3):
        expected = x[group] @ layer.weight[group] + layer.bias[group]
        torch.testing.assert_close(layer(x)[group], expected)
    torch.testing.assert_close(layer(x[:, :, 0]), layer(x)[:, :, 0])


def test_each_group_has_its_own_norm():
    norm = GroupedNorm(2, 4)
    torch.nn.init.normal_(norm.scale)
    torch.nn.init.normal_(norm.shift)
    x = torch.randn(2, 3, 5, 4)
    for group in range(2):
        scale, shift = norm.scale[group, 0, 0], norm.shift[group, 0, 0]
        expected = torch.nn.functional.layer_norm(x[group], (4,), scale, shift)
        torch.testing.assert_close(norm(x)[group], expected)


def test_a_block_is_attention_and_a_perceptron_with_skips(spelling):
    block = GroupedBlock(2, 6, heads=2, head_dim=3, hidden=7, dropout=0.5).double().eval()
    rng = np.random.default_rng(0)
    x, context = rng.normal(size=(2, 4, 3, 6)), rng.normal(size=(2, 4, 5, 6))
    mask = rng.random((2, 4, 5)) < 0.7
    mask[:, :, 0] = True
    found = block(*map(torch.from_numpy, (x, context, mask)))
    state = spelling.state(block)

    def linear(values, name, group):
        return values @ state[f"{name}.weight"][group] + state[f"{name}.bias"][group]

    for group, sample in np.ndindex(2, 4):
        here = context[group, sample][mask[group, sample]]
        queries = linear(spelling.layer_norm(x[group, sample]), "to_queries", group)
        keys, values = np.split(
            linear(spelling.layer_norm(here), "to_keys_values", group), 2, axis=1
        )
        heads = [
            spelling.softmax(queries[:, h] @ keys[:, h].T / np.sqrt(3)) @ values[:, h]
            for h in (slice(0, 3), slice(3, 6))
        ]
        z = x[group, sample] + linear(np.concatenate(heads, axis=1), "from_heads", group)
        hidden = np.maximum(linear(spelling.layer_norm(z), "feedforward.1", group), 0)
        expected = z + linear(hidden, "feedforward.3", group)
        spelling.same(found[group, sample], expected)


def test_nothing_is_added_where_the_context_is_empty():
    block = GroupedBlock(1, 6, heads=1, head_dim=3, hidden=7, dropout=0.0)
    torch.nn.init.zeros_(block.from_heads.bias)
    x, context = torch.randn(1, 2, 3, 6), torch.randn(1, 2, 4, 6)
    found = block(x, context, torch.zeros(1, 2, 4, dtype=torch.bool))
    torch.testing.assert_close(found, x + block.feedforward(x))


def test_one_group_alone_is_that_group_of_all():
    block = GroupedBlock(3, 6, heads=1, head_dim=3, hidden=7, dropout=0.0).double()
    x, context = torch.randn(3, 2, 4, 6).double(), torch.randn(3, 2, 5, 6).double()
    mask = torch.arange(5).expand(3, 2, -1) < 4
    together = block(x, context, mask)
    for group in range(3):
        alone = one_group(block, group, x[group], context[group, :, :4], mask[group, :, :4])
        torch.testing.assert_close(alone, together[group])
