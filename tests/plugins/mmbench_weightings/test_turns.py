from __future__ import annotations

import pytest
import torch

from mmbench import Term
from mmbench.errors import BadParameter
from mmbench_weightings.turns import Turns

TERMS = (Term("joint"), Term("uni:a"), Term("uni:b", 0.0), Term("uni:c", 2.0))


class Named(Turns):
    def resting(self, turn):
        return [f"turn {turn}"]


def test_what_is_not_dropped_has_a_turn_and_the_order_comes_round():
    weighting = Named(TERMS, more=1)
    assert weighting.rounds == 3
    seen = []
    for _ in range(4):
        turn = int(weighting.turn)
        weighting.pass_on()
        seen.append((turn, weighting.rates()))
    assert seen == [(turn, {f"turn {turn}": 0.0}) for turn in (0, 1, 2, 0)]


def test_turns_are_in_the_state_and_losses_add_up():
    weighting, resumed = Named(TERMS), Named(TERMS)
    weighting.pass_on()
    resumed.load_state_dict(weighting.state_dict())
    assert int(resumed.turn) == 1
    losses = {term.name: torch.tensor(float(k)) for k, term in enumerate(TERMS, start=1)}
    assert weighting(losses).item() == 1 + 2 + 2 * 4


def test_without_unimodal_losses_there_are_no_turns():
    with pytest.raises(BadParameter, match="Found joint, uni:image"):
        Turns((Term("joint"), Term("uni:image", 0.0)))
