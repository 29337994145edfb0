from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import assume, given
from hypothesis import strategies as st

from mmbench import Term
from mmbench.errors import NonFiniteError
from mmbench_weightings.mmpareto import MMPareto, integrate

ALPHAS = np.linspace(0, 1, 10001)
pairs = st.lists(
    st.tuples(st.floats(-3, 3, width=32), st.floats(-3, 3, width=32)), min_size=2, max_size=4
)


def combined(joint, uni):
    factors = integrate(torch.tensor(joint), torch.tensor(uni)).numpy()
    return factors, factors[0] * joint + factors[1] * uni


def test_gradients_that_agree_are_added():
    factors, update = combined(np.array([1.0, 2.0]), np.array([3.0, -1.0]))
    assert factors == pytest.approx([1.5, 1.5])
    assert update == pytest.approx([6.0, 1.5])


def test_a_conflict_worked_by_hand():
    joint, uni = np.array([1.0, 0.0]), np.array([-1.0, 2.0])
    # The point of the segment nearest to 0 is (½, ½), at α = ¾; the sum (0, 2) has norm 2.
    factors, update = combined(joint, uni)
    assert update == pytest.approx(1.5 * 2 * np.array([1, 1]) / np.sqrt(2))
    assert factors[0] / factors.sum() == pytest.approx(0.75)
    assert not np.allclose(update, 1.5 * (joint + uni))


@given(pairs)
def test_a_conflict_is_settled_at_the_nearest_point_of_the_segment(entries):
    joint, uni = np.array(entries, dtype=np.float64).T
    segment = ALPHAS[:, None] * joint + (1 - ALPHAS[:, None]) * uni
    nearest = np.linalg.norm(segment, axis=1).min()
    assume(joint @ uni < 0)
    assume(nearest > 1e-2)  # opposite gradients have no direction in common
    factors, update = combined(joint, uni)
    alpha = factors[0] / factors.sum()
    assert np.linalg.norm(alpha * joint + (1 - alpha) * uni) <= nearest + 1e-9
    assert np.linalg.norm(update) == pytest.approx(1.5 * np.linalg.norm(joint + uni))
    assert min(update @ joint, update @ uni) >= -1e-9


@pytest.mark.parametrize("pair", [([0.0, 0.0], [1.0, 2.0]), ([1.0, 2.0], [0.0, 0.0])])
def test_a_loss_that_does_not_arrive_does_not_stop_the_other(pair):
    assert combined(*map(np.array, pair))[1] == pytest.approx([1.5, 3.0])


def test_opposite_gradients_cancel():
    assert np.linalg.norm(combined(np.array([0.1, -0.7]), np.array([-0.1, 0.7]))[1]) < 1e-12


def test_each_encoder_integrates_and_all_else_is_summed(joint):
    problem = joint(3)
    weighting = MMPareto(problem.terms)
    problem.backward(weighting)
    found = problem.losses(problem.step())
    for name in ("m0", "m1", "m2"):
        parts = [problem.gradient(found[t], f"encoder:{name}") for t in ("joint", f"uni:{name}")]
        rest = sum(loss for term, loss in found.items() if term.startswith(("align:", "aux:")))
        factors = integrate(*parts)
        expected = factors[0] * parts[0] + factors[1] * parts[1]
        expected = expected + problem.gradient(rest, f"encoder:{name}")
        torch.testing.assert_close(problem.gradients(f"encoder:{name}"), expected)
        assert weighting.weights()[f"uni:{name}"] == pytest.approx(float(factors[1]))
    total = sum(found.values())
    for group in ("shared", "align", "head:m1"):
        torch.testing.assert_close(problem.gradients(group), problem.gradient(total, group))


def test_coefficients_come_first(joint):
    problem = joint(2)
    terms = (Term("joint", 2.0), Term("uni:m0", 0.5), Term("uni:m1", 0.0))
    found = problem.losses(problem.step())
    MMPareto(terms).backward({**found, "uni:m1": torch.tensor(float("nan"))}, problem.groups)
    a = problem.gradient(2.0 * found["joint"], "encoder:m0")
    b = problem.gradient(0.5 * found["uni:m0"], "encoder:m0")
    factors = integrate(a, b)
    torch.testing.assert_close(problem.gradients("encoder:m0"), factors[0] * a + factors[1] * b)
    torch.testing.assert_close(
        problem.gradients("encoder:m1"), problem.gradient(2.0 * found["joint"], "encoder:m1")
    )


def test_the_record_is_the_mean_of_an_epoch(joint):
    problem = joint(2, everywhere=True)
    weighting, seen = MMPareto(problem.terms), []
    batches = [problem.data.train.take(torch.arange(start, 12, 2)) for start in (0, 1, 0)]
    for batch in batches:
        alone = MMPareto(problem.terms)
        problem.backward(alone, batch)
        seen.append(alone.weights()["joint"])
    for batch in batches[:2]:
        problem.backward(weighting, batch)
    assert weighting.weights()["joint"] == pytest.approx(np.mean(seen[:2]))
    weighting.end_epoch({}, {})
    problem.backward(weighting, batches[2])
    assert weighting.weights()["joint"] == pytest.approx(seen[2])


def test_two_passes_serve_any_number_of_modalities(joint):
    problem = joint(4)
    arrivals = []
    for encoder in problem.model.encoders.values():
        encoder.layer.weight.register_hook(arrivals.append)
    terms = tuple(term for term in problem.terms if term.kind in ("joint", "uni"))
    problem.backward(MMPareto(terms))
    assert len(arrivals) == 2 * 4


def test_a_loss_that_is_not_finite_is_named(joint):
    problem = joint(2)
    found = problem.losses(problem.step())
    with pytest.raises(NonFiniteError, match="uni:m1 = nan"):
        MMPareto(problem.terms).backward({**found, "uni:m1": found["joint"] * float("nan")}, {})
