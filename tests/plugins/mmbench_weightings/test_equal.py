from __future__ import annotations

import pytest
import torch

from mmbench import Term
from mmbench_weightings.equal import Equal


def test_it_is_the_sum_where_the_tables_are_silent_and_their_coefficient_elsewhere():
    weighting = Equal((Term("joint"), Term("uni:image", 0.5), Term("align:image->text")))
    values = {"joint": 2.0, "uni:image": 3.0, "align:image->text": -1.0}
    total = weighting({name: torch.tensor(value) for name, value in values.items()})
    assert total.item() == pytest.approx(2.0 + 1.5 - 1.0)
    assert weighting.weights() == {"joint": 1.0, "uni:image": 0.5, "align:image->text": 1.0}
