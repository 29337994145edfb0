from __future__ import annotations

import torch

from mmbench_fusions.experts import Experts


def test_each_expert_is_a_perceptron():
    experts = Experts(3, 4, hidden=5, out_size=2, dropout=0.5).eval()
    x = torch.randn(6, 4)
    found = experts(x)
    for k in range(3):
        rows = slice(5 * k, 5 * k + 5)
        hidden = torch.relu(x @ experts.enter.weight[rows].T + experts.enter.bias[rows])
        expected = hidden @ experts.leave.weight[k] + experts.leave.bias[k, 0]
        torch.testing.assert_close(found[:, k], expected)
