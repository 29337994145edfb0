from __future__ import annotations

import torch

from mmbench.data.preparation import InputSpec
from mmbench_encoders.text_transformer import TextTransformer


def test_without_blocks_it_is_the_sum_of_a_fifth_of_the_embedding_and_the_position():
    encoder = TextTransformer(InputSpec((4,), vocabulary=9), 6, layers=0, dropout=0.0).double()
    ids = torch.tensor([[3, 8, 0, 0]])
    tokens, mask = encoder(ids, ids > 0)
    expected = encoder.embedding.weight[[3, 8]] / 5 + encoder.positions[:2]
    torch.testing.assert_close(tokens[0, :2], expected)
    assert (tokens[0, 2:] == 0).all()
    assert mask.tolist() == [[True, True, False, False]]


def test_the_order_of_the_words_matters():
    encoder = TextTransformer(InputSpec((3,), vocabulary=9), 6, dropout=0.0).double()
    one, other = (encoder(torch.tensor([ids]))[0].mean(dim=1) for ids in ([2, 3, 4], [4, 3, 2]))
    assert (one - other).abs().max() > 1e-5


def test_a_block_starts_as_a_small_change_of_what_it_reads():
    spec, ids = InputSpec((20,), vocabulary=50), torch.arange(20)[None]
    encoder = TextTransformer(spec, 64, dropout=0.0)
    read = encoder.embedding(ids) / 5 + encoder.positions
    block = encoder.blocks[0]
    added = block(read, torch.ones(1, 20, dtype=torch.bool)) - read
    assert 0 < added.square().mean().sqrt() < 0.05


def test_dropout_drops_whole_subwords_from_the_mask_and_nothing_sees_them():
    encoder = TextTransformer(InputSpec((40,), vocabulary=9), 6, dropout=0.5).double()
    ids = torch.full((200, 40), 3)
    real = torch.arange(40).expand(200, -1) < 30
    tokens, kept = encoder(ids, real)
    assert not kept[:, 30:].any()
    assert 0.45 < kept[:, :30].double().mean() < 0.55
    assert (tokens[~kept] == 0).all()
    encoder.eval()
    torch.testing.assert_close(encoder(ids, kept)[0], tokens)


def test_nothing_is_dropped_outside_training():
    encoder = TextTransformer(InputSpec((4,), vocabulary=9), 6, dropout=0.5).eval()
    ids = torch.tensor([[3, 8, 5, 0]])
    tokens, mask = encoder(ids, ids > 0)
    assert mask.tolist() == [[True, True, True, False]]
    assert torch.equal(tokens, encoder(ids, ids > 0)[0])


def test_a_text_whose_subwords_are_all_dropped_is_zeros_with_finite_gradients():
    encoder = TextTransformer(InputSpec((1,), vocabulary=9), 6, dropout=0.5)
    tokens, kept = encoder(torch.full((100, 1), 3))
    assert 0 < kept.sum() < 100
    assert (tokens[~kept] == 0).all()
    tokens.square().sum().backward()
    assert all(p.grad is None or p.grad.isfinite().all() for p in encoder.parameters())
