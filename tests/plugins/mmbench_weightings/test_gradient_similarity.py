from __future__ import annotations

import numpy as np
import pytest
import torch

from mmbench import Term
from mmbench.errors import BadParameter
from mmbench_weightings.gradient_similarity import GradientSimilarity

PAIRS = ("align:m0->m1", "align:m1->m0")


def cosine(a, b):
    a, b = a.numpy().astype(np.float64), b.numpy().astype(np.float64)
    return a @ b / (np.linalg.norm(a) * np.linalg.norm(b))


def receiver(term):
    return f"encoder:{term.partition(':')[2][:2]}"


def cosines(problem, part=None):
    """Term -> cosine at its receiver."""
    found = problem.losses(problem.step(part))
    main = found["joint"] + found["aux:balance"]
    return {
        term: cosine(
            problem.gradient(main, receiver(term)), problem.gradient(found[term], receiver(term))
        )
        for term in found
        if term.startswith(("uni:", "align:"))
    }


def test_each_encoder_takes_what_agrees(joint):
    problem = joint(2)
    weighting = GradientSimilarity(problem.terms, smoothing=0.0)
    problem.backward(weighting)
    found = problem.losses(problem.step())
    shares = {term: max(0.0, value) for term, value in cosines(problem).items()}
    assert weighting.weights() == pytest.approx({"joint": 1, "aux:balance": 1, **shares}, abs=1e-5)
    main = found["joint"] + found["aux:balance"]
    for name in ("encoder:m0", "encoder:m1"):
        expected = problem.gradient(main, name)
        for term, share in shares.items():
            if receiver(term) == name:
                expected = expected + share * problem.gradient(found[term], name)
        torch.testing.assert_close(problem.gradients(name), expected)


def test_all_else_takes_whole_gradients(joint):
    problem = joint(2)
    problem.backward(GradientSimilarity(problem.terms))
    found = problem.losses(problem.step())
    for group in ("head:m0", "head:m1", "shared", "align"):
        expected = problem.gradient(sum(found.values()), group)
        torch.testing.assert_close(problem.gradients(group), expected)


def test_a_loss_that_opposes_weighs_nothing_until_it_helps(joint):
    problem = joint(2)
    terms = (Term("joint"), Term("uni:m0", 0.5))
    weighting = GradientSimilarity(terms, smoothing=0.5)
    found = problem.losses(problem.step())
    weights = []
    for sign in (-1, -1, 1, 1, 1):
        weighting.backward({**found, "uni:m0": sign * found["joint"]}, problem.groups)
        weights.append(weighting.weights()["uni:m0"])
        alone = problem.gradient(found["joint"], "encoder:m0")
        torch.testing.assert_close(
            problem.gradients("encoder:m0"), (1 + sign * weights[-1]) * alone
        )
    # The averages of the cosines ∓1 with decay ½ are −1, −1, 1/7, 9/15 and 25/31.
    assert weights == pytest.approx([0, 0, 0.5 / 7, 0.5 * 9 / 15, 0.5 * 25 / 31], abs=1e-5)


def test_cosines_are_averaged_before_they_are_clamped(joint):
    problem = joint(2, everywhere=True)
    weighting = GradientSimilarity(problem.terms, smoothing=0.8)
    mean, steps = dict.fromkeys(cosines(problem), 0.0), 3
    for step in range(steps):
        part = problem.data.train.take(torch.arange(4 * step, 4 * step + 4))
        problem.backward(weighting, part)
        for term, value in cosines(problem, part).items():
            mean[term] = 0.8 * mean[term] + 0.2 * value
    expected = {t: max(0.0, value / (1 - 0.8**steps)) for t, value in mean.items()}
    found = {term: weight for term, weight in weighting.weights().items() if term in expected}
    assert found == pytest.approx(expected, abs=1e-5)


def test_it_tells_who_helps_whom(joint):
    problem = joint(2)
    terms = (Term("joint"), *map(Term, PAIRS))
    weighting = GradientSimilarity(terms)
    step = problem.step()
    joint_loss = problem.losses(step)["joint"]
    by_feature = torch.autograd.grad(joint_loss, step.outputs.features["m0"], retain_graph=True)
    helpful = (step.outputs.features["m0"] * by_feature[0]).sum()
    losses = {"joint": joint_loss, PAIRS[0]: helpful, PAIRS[1]: -joint_loss}
    weighting.backward(losses, problem.groups)
    assert weighting.weights()[PAIRS[0]] == pytest.approx(1.0, abs=1e-5)
    assert weighting.weights()[PAIRS[1]] == 0.0


def test_a_modality_that_is_absent_everywhere_teaches_nothing(joint):
    problem = joint(2)
    weighting = GradientSimilarity(problem.terms)
    problem.backward(weighting, problem.data.train.without("m1"))
    assert problem.gradients("encoder:m1").abs().max() == 0
    assert weighting.weights()["uni:m1"] == 0


def test_it_goes_on_from_its_state(joint):
    problem = joint(2)
    whole, resumed = (GradientSimilarity(problem.terms) for _ in range(2))
    problem.backward(whole)
    resumed.load_state_dict(whole.state_dict())
    for weighting in (whole, resumed):
        problem.backward(weighting, problem.data.train.take(torch.arange(5)))
    assert resumed.weights() == whole.weights()


@pytest.mark.parametrize("terms", [(Term("uni:m0"),), (Term("joint", 0.0), Term("uni:m0"))])
def test_there_must_be_a_joint_loss(terms):
    with pytest.raises(BadParameter, match="term joint"):
        GradientSimilarity(terms)


def test_smoothing_forgets():
    with pytest.raises(BadParameter, match=r"\[0, 1\)"):
        GradientSimilarity((Term("joint"),), smoothing=1.0)
