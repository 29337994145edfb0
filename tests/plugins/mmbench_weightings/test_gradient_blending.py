from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import minimize

from mmbench import Term
from mmbench.errors import BadParameter
from mmbench_weightings.gradient_blending import GradientBlending, blend

TERMS = (Term("joint"), Term("uni:image"), Term("uni:text"), Term("align:image->text", 0.5))


def means(joint, image, text, align=9.0):
    values = (joint, image, text, align)
    return {term.name: value for term, value in zip(TERMS, values, strict=True)}


def test_the_weights_of_a_case_worked_by_hand():
    weighting = GradientBlending(TERMS, super_epoch=1)
    weighting.end_epoch(train=means(2.0, 2.0, 2.0), validation=means(2.0, 2.0, 2.0))
    weighting.end_epoch(train=means(1.0, 1.5, 0.8), validation=means(1.4, 1.6, 1.6))
    # ΔG = 0.6, 0.4, 0.4 and ΔO = 0.4, 0.1, 0.8: quotients 3.75, 40, 0.625.
    total = 3.75 + 40 + 0.625
    expected = {"joint": 3 * 3.75 / total, "uni:image": 120 / total, "uni:text": 1.875 / total}
    assert weighting.weights() == pytest.approx({**expected, "align:image->text": 0.5}, rel=1e-5)
    losses = {name: torch.tensor(value) for name, value in means(1.0, 2.0, 3.0, 4.0).items()}
    by_hand = 3 * (3.75 + 2 * 40 + 3 * 0.625) / total + 0.5 * 4
    assert weighting(losses).item() == pytest.approx(by_hand, rel=1e-5)


changes = st.lists(st.tuples(st.floats(0.05, 1.0), st.floats(0.05, 1.0)), min_size=2, max_size=4)


@given(changes)
def test_no_blend_overfits_less_for_what_it_generalises(pairs):
    g, o = np.array(pairs).T
    start = torch.ones(2, len(g), dtype=torch.float64)
    now = torch.from_numpy(np.stack([1 - g - o, 1 - g]))
    weights = blend(start, now, torch.ones(len(g))).numpy()

    def cost(w):
        return (w**2 @ o**2) / (w @ g) ** 2

    others = np.random.default_rng(0).dirichlet(np.ones(len(g)), size=500)
    assert cost(weights) <= min(map(cost, others)) + 1e-12
    found = minimize(lambda w: w**2 @ o**2, g / (g @ g), tol=1e-12, constraints=_generalises(g)).x
    assert weights / (weights @ g) == pytest.approx(found, abs=1e-3)


def _generalises(g):
    return {"type": "eq", "fun": lambda w: w @ g - 1}


def test_it_looks_at_changes_and_not_at_losses():
    start = torch.tensor([[1.0, 2.0], [1.1, 2.3]], dtype=torch.float64)
    now = torch.tensor([[0.7, 1.0], [0.9, 1.9]], dtype=torch.float64)
    raised = torch.tensor([[0.0, 0.4], [0.5, 0.9]], dtype=torch.float64)
    assert blend(start + raised, now + raised, start[0]) == pytest.approx(
        blend(start, now, start[0])
    )


def test_what_does_not_generalise_weighs_nothing_and_where_none_does_all_stay():
    weighting = GradientBlending(TERMS, super_epoch=1)
    for validation in ((2.0, 2.0, 2.0), (1.5, 2.5, 1.5)):
        weighting.end_epoch(means(1.0, 1.0, 1.0), means(*validation))
    before = {"joint": 1.5, "uni:image": 0.0, "uni:text": 1.5, "align:image->text": 0.5}
    assert weighting.weights() == pytest.approx(before)
    weighting.end_epoch(means(0.5, 0.5, 0.5), means(3.0, 3.0, 3.0))
    assert weighting.weights() == pytest.approx(before)


def test_a_gap_that_hardly_moves_does_not_take_all():
    start = torch.ones(2, 2, dtype=torch.float64)
    now = torch.tensor([[0.8, 0.4], [0.8, 0.5]], dtype=torch.float64)
    # ΔO = 0 counts as 5 % of the loss 0.8.
    quotients = np.array([0.2 / 0.04**2, 0.5 / 0.1**2])
    expected = 2 * quotients / quotients.sum()
    assert blend(start, now, torch.ones(2)).numpy() == pytest.approx(expected)


def test_super_epochs_begin_after_the_first_epoch():
    weighting, changed = GradientBlending(TERMS, super_epoch=3), []
    rng = np.random.default_rng(0)
    for epoch in range(1, 9):
        before = weighting.weights()
        train = 2.0**-epoch * rng.uniform(0.8, 1.0, 3)
        weighting.end_epoch(means(*train), means(*1.2 * train))
        if weighting.weights() != before:
            changed.append(epoch)
    assert changed == [4, 7]


def test_it_goes_on_from_its_state():
    whole, resumed = GradientBlending(TERMS, 2), GradientBlending(TERMS, 2)
    curves = [(1.0, 1.0, 1.0), (0.9, 0.8, 0.9), (0.8, 0.5, 0.7), (0.5, 0.4, 0.6), (0.4, 0.3, 0.5)]
    for curve in curves[:2]:
        whole.end_epoch(means(*curve), means(*curve))
    resumed.load_state_dict(whole.state_dict())
    for curve in curves[2:]:
        whole.end_epoch(means(*curve), means(*(2 * x**2 for x in curve)))
        resumed.end_epoch(means(*curve), means(*(2 * x**2 for x in curve)))
    assert resumed.weights() == whole.weights()
    assert len(set(whole.weights().values())) == 4


def test_a_super_epoch_has_an_epoch():
    with pytest.raises(BadParameter, match="at least 1"):
        GradientBlending(TERMS, super_epoch=0)
