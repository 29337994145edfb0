from __future__ import annotations

import pytest
import torch

from mmbench import Term
from mmbench_weightings.fixed import Fixed

TERMS = (Term("joint"), Term("uni:image"), Term("align:image->text"), Term("aux:balance"))


def test_each_kind_has_its_weight():
    weighting = Fixed(TERMS, joint=2.0, uni=0.5, align=0.25, aux=4.0)
    assert list(weighting.weights().values()) == [2.0, 0.5, 0.25, 4.0]
    losses = {term.name: torch.tensor(float(k)) for k, term in enumerate(TERMS, start=1)}
    assert weighting(losses).item() == pytest.approx(2.0 + 1.0 + 0.75 + 16.0)


def test_the_tables_win_also_with_zero():
    weighting = Fixed((Term("joint", 0.0), Term("uni:image", 0.7), Term("uni:text")), uni=0.2)
    assert weighting.weights() == {"joint": 0.0, "uni:image": 0.7, "uni:text": 0.2}


def test_the_defaults():
    assert list(Fixed(TERMS).weights().values()) == [1.0, 0.3, 0.1, 1.0]
