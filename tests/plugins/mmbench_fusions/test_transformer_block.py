from __future__ import annotations

import torch

from mmbench_fusions.transformer_block import TransformerBlock


def test_attention_is_a_distribution_over_the_true_entries():
    block = TransformerBlock(6, heads=2, head_dim=4, hidden=7, dropout=0.0)
    mask = torch.tensor([[True, True, False], [False, False, False]])
    x, attention = block(torch.randn(2, 3, 6), mask)
    assert x.shape == (2, 3, 6)
    assert attention.shape == (2, 2, 3, 3)
    torch.testing.assert_close(attention[0].sum(dim=-1), torch.ones(2, 3))
    assert (attention[0, ..., 2] == 0).all()
    assert (attention[1] == 0).all()


def test_the_order_of_tokens_does_not_matter():
    block = TransformerBlock(6, heads=2, head_dim=4, hidden=7, dropout=0.0)
    x, mask = torch.randn(2, 3, 6), torch.tensor([[True, True, False]] * 2)
    turned, _ = block(x.flip(1), mask.flip(1))
    torch.testing.assert_close(turned.flip(1), block(x, mask)[0])


def test_tokens_that_do_not_ask_change_nothing_for_those_that_do():
    block = TransformerBlock(6, heads=2, head_dim=4, hidden=7, dropout=0.0)
    x, mask = torch.randn(2, 3, 6), torch.tensor([[True, True, False]] * 2)
    asked, attention = block(x, mask, asking=1)
    every, of_every = block(x, mask)
    torch.testing.assert_close(asked, every[:, :1])
    torch.testing.assert_close(attention, of_every[:, :, :1])
