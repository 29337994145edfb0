from __future__ import annotations

import pytest
import torch

from mmbench import Term
from mmbench.errors import BadParameter
from mmbench_weightings.coefficients import complete, kept, weighted_sum


def test_tables_are_completed_by_kind_and_by_one():
    terms = (Term("joint"), Term("uni:image", 0.25), Term("uni:text"))
    expected = {"joint": 1.0, "uni:image": 0.25, "uni:text": 0.5}
    assert complete(terms, {"uni": 0.5}) == expected


def test_a_loss_without_a_term_is_refused():
    with pytest.raises(BadParameter, match="other than zero"):
        complete((Term("uni:text"),), {"uni": 0.0})


def test_dropped_terms_are_not_read():
    assert kept({"joint": 1.0, "uni:image": 0.0}) == ["joint"]
    total = weighted_sum({"joint": torch.tensor(3.0)}, {"joint": 2.0, "uni:image": 0.0})
    assert total.item() == 6.0
