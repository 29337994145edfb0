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


def test_dropout_drops_whole_subwords_and_nothing_sees_them():
    encoder = TextTransformer(InputSpec((40,), vocabulary=9), 6, layers=0, dropout=0.5).double()
    ids = torch.full((400, 40), 3)
    real = torch.arange(40).expand(400, -1) < 30
    tokens, kept = encoder(ids, real)
    assert tokens.shape == (400, 27, 6)  # 20 are expected to stay, give or take 3.2
    assert 14.5 < kept.sum(dim=1).double().mean() < 15.5
    assert (tokens[~kept] == 0).all()
    possible = encoder.embedding.weight[3] / 5 + encoder.positions[:30]
    distance = torch.cdist(tokens[kept], possible)
    assert distance.min(dim=1).values.max() < 1e-7
    assert distance.argmin(dim=1).unique().numel() == 30


def test_what_dropout_leaves_is_read_as_the_same_words_in_the_same_order():
    torch.manual_seed(0)
    encoder = TextTransformer(InputSpec((6,), vocabulary=9), 6, dropout=0.5).double()
    ids = torch.tensor([[2, 3, 4, 5, 6, 7]])
    tokens, kept = encoder(ids)
    read = (encoder.embedding.weight[ids[0]] / 5 + encoder.positions)[None]
    block = encoder.blocks[0]
    left = [
        mask
        for mask in torch.cartesian_prod(*[torch.tensor([False, True])] * 6)
        if int(mask.sum()) == int(kept.sum())
        and torch.allclose(block(read, mask[None])[0, mask], tokens[kept])
    ]
    assert len(left) == 1


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
