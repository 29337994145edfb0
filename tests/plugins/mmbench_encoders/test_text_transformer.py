from __future__ import annotations

import torch

from mmbench.data.preparation import InputSpec
from mmbench_encoders.text_transformer import TextTransformer


def test_without_blocks_it_is_the_normed_sum_of_embedding_and_position():
    encoder = TextTransformer(InputSpec((4,), vocabulary=9), 6, layers=0, dropout=0.0).double()
    ids = torch.tensor([[3, 8, 0, 0]])
    tokens, mask = encoder(ids, ids > 0)
    stream = encoder.embedding.weight[[3, 8]] + encoder.positions[:2]
    centred = stream - stream.mean(dim=1, keepdim=True)
    expected = centred / (centred.square().mean(dim=1, keepdim=True) + 1e-5).sqrt()
    torch.testing.assert_close(tokens[0, :2], expected)
    assert (tokens[0, 2:] == 0).all()
    assert mask.tolist() == [[True, True, False, False]]


def test_the_order_of_the_words_matters():
    encoder = TextTransformer(InputSpec((3,), vocabulary=9), 6, dropout=0.0)
    one, other = (encoder(torch.tensor([ids]))[0].mean(dim=1) for ids in ([2, 3, 4], [4, 3, 2]))
    assert (one - other).abs().max() > 1e-4
