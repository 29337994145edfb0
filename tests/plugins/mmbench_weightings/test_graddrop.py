from __future__ import annotations

import pytest
import torch

from mmbench import Term
from mmbench.errors import BadParameter
from mmbench_weightings.graddrop import GradDrop

TERMS = (Term("joint"), Term("uni:image"), Term("uni:text"))
ROWS = torch.tensor([[1.0, -2.0, 3.0, 0.0], [2.0, -1.0, -1.0, 0.0], [0.5, -0.5, -1.0, 0.0]])


def update_of(rows, **parameters):
    return GradDrop(TERMS, **parameters).aggregate(rows, rows @ rows.T)[0]


def test_coordinates_where_all_agree_pass_whole():
    assert update_of(ROWS)[[0, 1, 3]].tolist() == [3.5, -3.5, 0.0]


def test_one_sign_passes_with_the_probability_of_its_purity():
    torch.manual_seed(0)
    drawn = update_of(ROWS[:, 2:3].expand(3, 4000))
    assert set(drawn.tolist()) == {3.0, -2.0}
    purity = 0.5 * (1 + (3 - 2) / (3 + 2))
    assert (drawn == 3.0).float().mean().item() == pytest.approx(purity, abs=0.03)


def test_a_leak_passes_a_share_of_the_other_sign():
    torch.manual_seed(0)
    drawn = {round(update_of(ROWS, leak=0.25)[2].item(), 6) for _ in range(50)}
    assert drawn == {3.0 - 0.25 * 2.0, -2.0 + 0.25 * 3.0}
    assert update_of(ROWS, leak=1.0).tolist() == ROWS.sum(dim=0).tolist()


def test_it_has_no_weights_and_refuses_a_leak_above_one():
    assert GradDrop(TERMS).weights() == {}
    with pytest.raises(BadParameter, match="leak in"):
        GradDrop(TERMS, leak=1.5)
