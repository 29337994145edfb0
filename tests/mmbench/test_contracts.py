from __future__ import annotations

import pytest
import torch
from torch import nn

from mmbench import FusionOutput, LossWeighting, Term

TERMS = (Term("joint"), Term("uni:image", 0.5))


@pytest.mark.parametrize(
    ("name", "kind"),
    [("joint", "joint"), ("uni:image", "uni"), ("align:a->b", "align"), ("aux:kl:beta", "aux")],
)
def test_the_kind_of_a_term_is_what_stands_before_the_colon(name, kind):
    assert Term(name).kind == kind
    assert Term(name).coefficient is None


def test_a_fusion_output_needs_no_more_than_the_fused_feature():
    fused = torch.ones(2, 3)
    output = FusionOutput(fused)
    assert output.fused is fused
    assert output.aux == {}
    assert output.weights == {}


def test_by_default_the_terms_are_added_and_propagated():
    x = torch.tensor([1.0, 2.0], requires_grad=True)
    losses = {"joint": x.square().sum(), "uni:image": 3 * x.sum()}
    weighting = LossWeighting(TERMS)
    assert weighting(losses).item() == 5 + 9
    weighting.backward(losses, {"shared": [x]})
    assert x.grad.tolist() == [5.0, 7.0]
    assert weighting.terms == TERMS


def test_by_default_a_weighting_has_no_state_and_no_weights_and_looks_at_nothing():
    weighting = LossWeighting(TERMS)
    weighting.after_step({"joint": torch.tensor(1.0)})
    weighting.end_epoch({"joint": 1.0}, {"joint": 1.0})
    assert weighting.weights() == {}
    assert weighting.state_dict() == {}


def test_the_state_of_a_weighting_is_in_its_state_dict():
    class Learned(LossWeighting):
        def __init__(self, terms):
            super().__init__(terms)
            self.scale = nn.Parameter(torch.zeros(len(terms)))

    assert Learned(TERMS).state_dict()["scale"].shape == (2,)
