from __future__ import annotations

import pytest
import torch
from torch import nn

from mmbench import Term
from mmbench.errors import BadParameter, NotApplicable
from mmbench_weightings.db_mtl import DBMTL

TERMS = (Term("joint"), Term("uni:image"))
ROWS = torch.tensor([[3.0, 4.0], [0.0, 1.0]], dtype=torch.float64)


def step(weighting, rows=ROWS, values=(2.0, 0.5)):
    """Losses of these values and gradients, of which the head's reaches one more parameter."""
    shared, head = (nn.Parameter(torch.zeros(n, dtype=torch.float64)) for n in (2, 1))
    losses = {
        term.name: row @ shared + value
        for term, row, value in zip(TERMS, rows, values, strict=True)
    }
    losses["uni:image"] = losses["uni:image"] + 7 * head.sum()
    weighting.backward(losses, {"encoder:image": [shared], "head:image": [head]})
    return shared.grad, head.grad


def test_log_gradients_are_made_as_long_as_the_longest():
    # ∇ log: (3, 4)/2 is 2.5 long, (0, 1)/0.5 is 2 long.
    shared, head = step(DBMTL(TERMS, beta=0.0))
    assert shared.tolist() == pytest.approx([1.5, 2.0 + 2.5])
    assert head.tolist() == pytest.approx([7 / 0.5])


def test_norms_are_matched_to_the_sum_of_the_averages():
    shared, head = step(DBMTL(TERMS, beta=0.0, match_norm=True))
    assert shared.norm().item() == pytest.approx((ROWS[0] / 2 + ROWS[1] / 0.5).norm().item())
    assert head.tolist() == pytest.approx([7 / 0.5])


def test_a_coefficient_changes_nothing():
    weighted = DBMTL((Term("joint", 5.0), Term("uni:image", 0.1)), beta=0.0)
    assert step(weighted)[0].tolist() == pytest.approx([1.5, 4.5], rel=1e-6)


def test_gradients_are_averaged_over_steps_where_terms_meet():
    weighting = DBMTL(TERMS, beta=0.75)
    step(weighting)
    turned = torch.tensor([[0.0, 1.0], [1.0, 0.0]], dtype=torch.float64)
    shared, head = step(weighting, turned, (1.0, 1.0))
    first = 0.75 * 0.25 * ROWS[0] / 2 + 0.25 * turned[0]
    second = 0.75 * 0.25 * ROWS[1] / 0.5 + 0.25 * turned[1]
    longest = max(first.norm(), second.norm())
    expected = longest * (first / first.norm() + second / second.norm())
    assert shared.tolist() == pytest.approx(expected.tolist())
    assert head.tolist() == pytest.approx([7.0])


def test_the_averages_are_in_the_state():
    whole, resumed = DBMTL(TERMS), DBMTL(TERMS)
    step(whole)
    resumed.load_state_dict(whole.state_dict())
    assert torch.equal(step(whole, -ROWS.flip(1))[0], step(resumed, -ROWS.flip(1))[0])
    fresh = DBMTL(TERMS)
    assert not torch.equal(step(whole, ROWS.flip(1))[0], step(fresh, ROWS.flip(1))[0])


def test_weights_are_the_factors_on_log_losses():
    weighting = DBMTL((*TERMS, Term("aux:x", 0.0)), beta=0.0)
    step(weighting)
    assert weighting.weights() == {"joint": 1.0, "uni:image": 1.25, "aux:x": 0.0}


def test_negative_losses_and_a_full_memory_are_refused():
    with pytest.raises(NotApplicable, match="joint"):
        step(DBMTL(TERMS), values=(-1.0, 1.0))
    with pytest.raises(BadParameter, match="beta"):
        DBMTL(TERMS, beta=1.0)
