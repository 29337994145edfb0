from __future__ import annotations

import torch
from torch import nn

from mmbench.latency.flops import count


def test_products_are_counted_and_the_rest_is_listed():
    layer, x = nn.Linear(3, 5, bias=False), torch.ones(2, 3)
    cost = count(lambda: layer(x).relu().reshape(-1))
    assert cost.flops == 2 * 2 * 3 * 5
    assert cost.uncounted == {"relu": 1}
