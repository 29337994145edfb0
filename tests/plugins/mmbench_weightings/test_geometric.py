from __future__ import annotations

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from mmbench import Term
from mmbench.errors import NotApplicable
from mmbench_weightings.geometric import Geometric

TERMS = (Term("joint"), Term("uni:image", 0.5), Term("align:image->text"))


def combined(values, terms=TERMS):
    weighting = Geometric(terms)
    losses = {
        term.name: torch.tensor(value, dtype=torch.float64, requires_grad=True)
        for term, value in zip(terms, values, strict=True)
    }
    total = weighting(losses)
    total.backward()
    return total.item(), [loss.grad.item() for loss in losses.values()]


@given(st.lists(st.floats(1e-3, 1e3), min_size=3, max_size=3))
def test_value_and_gradient_are_the_geometric_means(values):
    total, gradient = combined(values)
    inputs = torch.tensor(values, dtype=torch.float64, requires_grad=True)
    mean = (inputs * torch.tensor([1.0, 0.5, 1.0])).prod() ** (1 / 3)
    mean.backward()
    assert total == pytest.approx(mean.item())
    assert gradient == pytest.approx(inputs.grad.tolist())


def test_a_loss_of_zero_is_left_out():
    total, gradient = combined([2.0, 0.0, 8.0])
    assert total == pytest.approx(4.0)  # √(2 · 8)
    assert gradient == pytest.approx([4.0 / (2 * 2.0), 0.0, 4.0 / (2 * 8.0)])
    assert combined([0.0, 0.0, 0.0]) == (0.0, [0.0, 0.0, 0.0])


def test_a_negative_loss_is_refused():
    with pytest.raises(NotApplicable, match=r"geometric.*align:image->text = -1"):
        combined([1.0, 1.0, -1.0])
