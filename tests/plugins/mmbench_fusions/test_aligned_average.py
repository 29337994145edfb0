from __future__ import annotations

import numpy as np
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from mmbench_fusions.aligned_average import AlignedAverage, resampling


def resampled(x, length):
    """Each of many fine steps belongs to one token and to one step of the result."""
    fine = np.repeat(x, length, axis=0)
    return fine.reshape(length, len(x), *x.shape[1:]).mean(axis=1)


def test_sequences_are_averaged_token_by_token(spelling, sequences):
    fusion = AlignedAverage(sequences.dims, 6, length=4, hidden=5).double().eval()
    torch.nn.init.normal_(fusion.scores)
    output = sequences.run(fusion)
    for sample in range(4):
        real = sequences.real(sample)
        places = [list(sequences.dims).index(m) for m in real]
        weights = np.exp(fusion.scores.detach().numpy()[places])
        weights /= weights.sum()
        averaged = np.zeros((4, 6))
        for weight, place, x in zip(weights, places, real.values(), strict=True):
            projected = spelling.linear(fusion.project.layers[place], x)
            averaged += weight * resampled(projected, 4)
        expected = spelling.linear(fusion.body, averaged).mean(axis=0)
        spelling.same(output.fused[sample], expected)
        for weight, m in zip(weights, real, strict=True):
            spelling.same(output.weights[m][sample], weight)


@settings(deadline=None)
@given(st.lists(st.booleans(), min_size=1, max_size=9), st.integers(1, 9))
def test_each_step_is_an_average_of_real_tokens(mask, length):
    matrix = resampling(torch.tensor([mask]), length)[0]
    assert matrix.shape == (length, len(mask))
    assert (matrix[:, ~torch.tensor(mask)] == 0).all()
    expected = torch.full((length,), float(any(mask)), dtype=torch.float64)
    torch.testing.assert_close(matrix.sum(dim=1), expected)
    if any(mask):
        shares = matrix.sum(dim=0)[torch.tensor(mask)]
        torch.testing.assert_close(shares, torch.full_like(shares, length / sum(mask)))


def test_as_many_tokens_as_steps_stay_as_they_are():
    mask = torch.tensor([[True, False, True, True]])
    expected = [[1, 0, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1]]
    np.testing.assert_allclose(resampling(mask, 3)[0], expected, atol=1e-12)
