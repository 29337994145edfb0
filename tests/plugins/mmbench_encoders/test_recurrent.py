from __future__ import annotations

import numpy as np
import pytest
import torch

from mmbench.data.preparation import InputSpec
from mmbench.errors import BadParameter
from mmbench_encoders.recurrent import RecurrentEncoder


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def gru_spelled(rnn, x):
    """States `(T, hidden)` of one series `(T, C)`."""
    w, u, b, c = (p.detach().numpy() for p in rnn.parameters())
    h, states = np.zeros(u.shape[1]), []
    for step in x:
        r_x, z_x, n_x = np.split(w @ step + b, 3)
        r_h, z_h, n_h = np.split(u @ h + c, 3)
        gate = sigmoid(z_x + z_h)
        h = (1 - gate) * np.tanh(n_x + sigmoid(r_x + r_h) * n_h) + gate * h
        states.append(h)
    return np.stack(states)


def test_both_directions_read_the_real_steps_wherever_they_stand():
    encoder = RecurrentEncoder(InputSpec((6, 2)), 5, hidden=3, bidirectional=True, dropout=0.0)
    encoder = encoder.double()
    rng = np.random.default_rng(0)
    x, mask = rng.normal(size=(4, 6, 2)), rng.random((4, 6)) < 0.6
    mask[0], mask[1] = False, [False] * 3 + [True] * 3
    tokens, out_mask = encoder(torch.from_numpy(x), torch.from_numpy(mask))
    assert out_mask.numpy().tolist() == mask.tolist()
    weight, bias = (p.detach().numpy() for p in encoder.project.parameters())
    for sample in range(1, 4):
        real = x[sample][mask[sample]]
        onward = gru_spelled(encoder.onward, real)
        back = gru_spelled(encoder.backward_, real[::-1])[::-1]
        expected = np.concatenate([onward, back], axis=1) @ weight.T + bias
        found = tokens[sample].detach().numpy()[mask[sample]]
        np.testing.assert_allclose(found, expected, atol=1e-6)


def test_an_lstm_is_the_librarys():
    encoder = RecurrentEncoder(InputSpec((6, 2)), 5, cell="lstm", dropout=0.0)
    x = torch.randn(3, 6, 2)
    expected = encoder.project(encoder.onward(x)[0])
    torch.testing.assert_close(encoder(x)[0], expected)


def test_another_cell_is_refused():
    with pytest.raises(BadParameter, match=r"one of gru, lstm\. Found 'rnn'"):
        RecurrentEncoder(InputSpec((6, 2)), 5, cell="rnn")
