from __future__ import annotations

import numpy as np
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from mmbench_encoders.pretrained.shorten import shorten, shorten_grid


@settings(deadline=None)
@given(st.lists(st.booleans(), min_size=1, max_size=12), st.integers(1, 13))
def test_spans_are_averages_of_equal_shares_of_the_real_tokens(mask, count):
    tokens = torch.randn(1, len(mask), 3, dtype=torch.float64)
    found, kept = shorten(tokens, torch.tensor([mask]), count)
    real = tokens[0][torch.tensor(mask)].numpy()
    assert found.shape[1] == min(len(mask), count)
    assert kept.sum() == min(len(real), count)
    if len(real) > 0:
        spans = min(len(real), count)
        expected = np.repeat(real, spans, axis=0).reshape(spans, len(real), 3).mean(axis=1)
        np.testing.assert_allclose(found[0][kept[0]].numpy(), expected, atol=1e-12)
        np.testing.assert_allclose(expected.mean(axis=0), real.mean(axis=0))


def test_samples_of_a_batch_are_shortened_each_by_its_own_length():
    tokens = torch.arange(6.0).reshape(1, 6, 1).repeat(3, 1, 1)
    mask = torch.arange(6) < torch.tensor([[6], [4], [0]])
    found, kept = shorten(tokens, mask, 3)
    assert found.squeeze(-1).tolist()[0] == [0.5, 2.5, 4.5]
    torch.testing.assert_close(found[1, :, 0], torch.tensor([0.25, 1.5, 2.75]))
    assert kept.tolist() == [[True] * 3, [True] * 3, [False] * 3]
    assert (found[2] == 0).all()


def test_a_grid_is_averaged_by_cells_and_the_class_token_stays():
    patches = torch.arange(16.0).reshape(1, 16, 1)
    found = shorten_grid(torch.cat([torch.full((1, 1, 1), 99.0), patches], dim=1), 4)
    assert found.flatten().tolist() == [99.0, 2.5, 4.5, 10.5, 12.5]
    assert torch.equal(shorten_grid(patches, 16), patches)
    assert shorten_grid(patches, 8).shape == (1, 4, 1)
