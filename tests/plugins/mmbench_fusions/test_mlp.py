from __future__ import annotations

import torch

from mmbench_fusions.mlp import mlp


def test_it_is_linear_relu_linear():
    body = mlp(3, 5, 2, dropout=0.5).eval()
    x = torch.randn(4, 3)
    w1, b1, w2, b2 = body.parameters()
    torch.testing.assert_close(body(x), (x @ w1.T + b1).clamp(min=0) @ w2.T + b2)


def test_dropout_acts_in_training_only():
    body = mlp(3, 50, 2, dropout=0.5)
    x = torch.randn(4, 3)
    assert not torch.equal(body(x), body(x))
    assert torch.equal(body.eval()(x), body(x))
