"""What holds for every weighting of gradients."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from mmbench import Term
from mmbench.errors import NonFiniteError
from mmbench_weightings.aligned_mtl import AlignedMTL
from mmbench_weightings.cagrad import CAGrad
from mmbench_weightings.config import ConFIG
from mmbench_weightings.db_mtl import DBMTL
from mmbench_weightings.fairgrad import FairGrad
from mmbench_weightings.graddrop import GradDrop
from mmbench_weightings.gradnorm import GradNorm
from mmbench_weightings.imtl_g import IMTLG
from mmbench_weightings.mgda import MGDA
from mmbench_weightings.nash_mtl import NashMTL
from mmbench_weightings.pcgrad import PCGrad
from mmbench_weightings.upgrad import UPGrad

DESCEND = [MGDA, IMTLG, NashMTL, FairGrad, UPGrad, ConFIG]
MATCH = [*DESCEND, PCGrad, CAGrad, AlignedMTL]
METHODS = [*MATCH, DBMTL, GradDrop, GradNorm]
TERMS = (Term("joint"), Term("uni:a"), Term("uni:b"), Term("aux:x", 0.0))
NAMES = [term.name for term in TERMS[:3]]


class Problem:
    """Losses that are linear in two encoders and heads, so that their gradients are known."""

    def __init__(self, seed=0):
        torch.manual_seed(seed)
        self.a, self.b, self.spare = (
            nn.Parameter(torch.zeros(n, dtype=torch.float64)) for n in (5, 4, 2)
        )
        self.frozen = nn.Parameter(torch.zeros(3), requires_grad=False)
        self.groups = {"encoder:a": [self.a, self.frozen], "encoder:b": [self.b]}
        self.groups["align"] = [self.spare]
        self.on_a = torch.randn(2, 5, dtype=torch.float64)
        self.on_b = torch.randn(2, 4, dtype=torch.float64)

    def losses(self):
        nan = torch.tensor(float("nan"), requires_grad=True)
        return {
            "joint": self.on_a[0] @ self.a + self.on_b[0] @ self.b + 1,
            "uni:a": self.on_a[1] @ self.a + 1,
            "uni:b": self.on_b[1] @ self.b + 1,
            "aux:x": nan,
        }

    def backward(self, weighting):
        weighting.backward(self.losses(), self.groups)
        return self.a.grad, self.b.grad


@pytest.mark.parametrize("method", METHODS)
def test_one_term_takes_its_own_gradient(method):
    problem = Problem()
    weighting = method((Term("joint", 2.0), Term("uni:a", 0.0)))
    a, b = problem.backward(weighting)
    scale = 1.0 if method is DBMTL else 2.0  # the logarithm does not see a coefficient
    assert a.tolist() == pytest.approx((scale * problem.on_a[0]).tolist())
    assert b.tolist() == pytest.approx((scale * problem.on_b[0]).tolist())


@pytest.mark.parametrize("method", METHODS)
def test_frozen_parameters_are_left_and_untouched_ones_get_zeros(method):
    problem = Problem()
    problem.backward(method(TERMS))
    assert problem.frozen.grad is None
    assert problem.spare.grad.tolist() == [0.0, 0.0]


@pytest.mark.parametrize("method", [method for method in METHODS if method is not GradNorm])
def test_a_term_that_misses_an_encoder_has_no_say_there(method):
    """A gradient of zeros in one encoder, beside two that conflict, is as if the term were not."""
    problem, alone = Problem(), Problem()
    torch.manual_seed(1)
    expected = alone.backward(method(TERMS[:2]))[0]
    losses = problem.losses()
    losses["uni:b"] = losses["uni:b"] + 0 * problem.a.sum()
    torch.manual_seed(1)
    method(TERMS).backward(losses, problem.groups)
    assert problem.a.grad.abs().sum() > 0
    assert problem.a.grad.tolist() == pytest.approx(expected.tolist())


@pytest.mark.parametrize("method", DESCEND)
@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 10**6))
def test_no_loss_rises(method, seed):
    problem = Problem(seed)
    a, b = problem.backward(method(TERMS))
    for rows, update in ((problem.on_a, a), (problem.on_b, b)):
        assert (rows @ update).min() >= -1e-9


@pytest.mark.parametrize("method", MATCH)
def test_norms_are_matched_to_the_plain_sum(method):
    problem = Problem()
    plain = [update.clone() for update in problem.backward(method(TERMS))]
    matched = problem.backward(method(TERMS, match_norm=True))
    sums = [problem.on_a.sum(dim=0), problem.on_b.sum(dim=0)]
    for free, found, total in zip(plain, matched, sums, strict=True):
        assert nn.functional.cosine_similarity(free, found, dim=0).item() == pytest.approx(1)
        assert found.norm().item() == pytest.approx(total.norm().item())


@pytest.mark.parametrize("method", METHODS)
def test_what_is_not_finite_is_named(method):
    problem = Problem()
    losses = problem.losses()
    with pytest.raises(NonFiniteError, match="uni:a"):
        method(TERMS).backward({**losses, "uni:a": losses["uni:a"] * torch.inf}, problem.groups)
    losses = problem.losses()
    steep = losses["uni:b"] + problem.b.square().sum().sqrt()  # its derivative at 0 is 0/0
    with pytest.raises(NonFiniteError, match="one of uni:b"):
        method(TERMS).backward({**losses, "uni:b": steep}, problem.groups)


def test_weights_are_the_mean_over_encoders_and_steps_of_an_epoch():
    problem = Problem()
    weighting = MGDA((Term("joint", 2.0), *TERMS[1:]))
    by_group = []
    for rows in (problem.on_a, problem.on_b):
        scaled = rows * torch.tensor([[2.0], [1.0]], dtype=torch.float64)
        by_group.append(weighting.combine(scaled @ scaled.T).tolist())
    (joint_a, uni_a), (joint_b, uni_b) = by_group
    expected = {"joint": joint_a + joint_b, "uni:a": uni_a, "uni:b": uni_b, "aux:x": 0.0}
    assert weighting.weights() == {"joint": 2.0, "uni:a": 1.0, "uni:b": 1.0, "aux:x": 0.0}
    problem.backward(weighting)
    assert weighting.weights() == pytest.approx(expected)
    weighting.end_epoch({}, {})
    assert weighting.weights() == pytest.approx(expected)
    fresh, other = MGDA(weighting.terms), Problem(1)
    other.backward(fresh)
    other.backward(weighting)
    assert weighting.weights() == pytest.approx(fresh.weights())
    problem.backward(weighting)
    means = {name: (fresh.weights()[name] + weight) / 2 for name, weight in expected.items()}
    assert weighting.weights() == pytest.approx(means)


@pytest.mark.parametrize("method", METHODS)
def test_a_fresh_instance_takes_over_the_state(method):
    whole, resumed = method(TERMS), method(TERMS)
    Problem().backward(whole)
    resumed.load_state_dict(whole.state_dict())
    assert resumed.weights() == whole.weights()
    updates = []
    for weighting in (whole, resumed):
        torch.manual_seed(3)
        updates.append([update.tolist() for update in Problem(1).backward(weighting)])
    assert updates[0] == updates[1]


@pytest.mark.parametrize("method", METHODS)
def test_the_sum_of_the_kept_terms_is_the_loss(method):
    assert method(TERMS)(Problem().losses()).item() == pytest.approx(3.0)
