from __future__ import annotations

import math

import pytest
import torch

from mmbench import Term
from mmbench.errors import BadParameter, NotApplicable
from mmbench_weightings.dwa import DWA

TERMS = (Term("joint"), Term("uni:image", 0.5), Term("uni:text", 0.0))
LOSSES = {"joint": torch.tensor(1.0), "uni:image": torch.tensor(1.0)}


def after(*epochs, **parameters):
    """The weights after epochs with these mean losses of `joint` and `uni:image`."""
    weighting = DWA(TERMS, **parameters)
    for joint, image in epochs:
        weighting.end_epoch({"joint": joint, "uni:image": image}, {})
    weighting(LOSSES)
    return list(weighting.weights().values())


def test_the_first_two_epochs_weigh_all_terms_the_same():
    assert after() == after((2.0, 4.0)) == [1.0, 0.5, 0.0]


def test_a_term_that_halves_and_one_that_stays():
    # Ratios ½ and 1 at T = 2: 2 · softmax(¼, ½), the second times its coefficient ½.
    total = math.exp(0.25) + math.exp(0.5)
    expected = [2 * math.exp(0.25) / total, 0.5 * 2 * math.exp(0.5) / total, 0.0]
    assert after((2.0, 4.0), (1.0, 4.0)) == pytest.approx(expected)
    assert after((9.0, 9.0), (2.0, 4.0), (1.0, 4.0)) == pytest.approx(expected)


def test_the_temperature_levels_and_a_term_of_zero_has_not_changed():
    assert after((2.0, 4.0), (1.0, 4.0), temperature=1e6) == pytest.approx([1.0, 0.5, 0.0])
    assert after((0.0, 4.0), (0.0, 4.0)) == pytest.approx([1.0, 0.5, 0.0])


def test_the_history_is_in_the_state():
    weighting, other = DWA(TERMS), DWA(TERMS)
    for means in ((2.0, 4.0), (1.0, 4.0)):
        weighting.end_epoch(dict(zip(("joint", "uni:image"), means, strict=True)), {})
    other.load_state_dict(weighting.state_dict())
    assert other(LOSSES) == weighting(LOSSES)
    assert other.weights() == weighting.weights()


def test_negative_losses_and_temperatures_are_refused():
    with pytest.raises(NotApplicable, match=r"dwa.*joint"):
        after((-2.0, 4.0))
    with pytest.raises(BadParameter, match="temperature"):
        DWA(TERMS, temperature=0.0)
