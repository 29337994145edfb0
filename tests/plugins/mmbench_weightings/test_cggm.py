from __future__ import annotations

import numpy as np
import pytest
import torch

from mmbench_weightings.cggm import CGGM, magnitudes


@pytest.mark.parametrize(
    ("gains", "b"),
    [
        ([0.1, 0.3], [3 / 4, 1 / 4]),
        ([0.1, 0.2, 0.3], [5 / 6, 4 / 6, 3 / 6]),
        ([0.2, 0.0], [0.0, 1.0]),
        ([0.2, -0.5], [0.0, 1.0]),
        ([-0.2, -0.5], [1 / 2, 1 / 2]),
        ([0.0, 0.0, 0.0], [2 / 3, 2 / 3, 2 / 3]),
    ],
)
def test_magnitudes_by_hand(gains, b):
    assert magnitudes(torch.tensor(gains)).numpy() == pytest.approx(1.3 * np.array(b))


def test_one_modality_is_left_as_it_is(joint):
    assert magnitudes(torch.tensor([0.4])).tolist() == [1.0]
    problem = joint(1)
    problem.backward(CGGM(problem.terms))
    found = problem.losses(problem.step())
    expected = problem.gradient(found["joint"] + found["aux:balance"], "encoder:m0")
    torch.testing.assert_close(problem.gradients("encoder:m0"), expected)


def test_what_a_modality_gained_is_the_change_of_its_mean_score(joint):
    problem = joint(2)
    weighting, scores = CGGM(problem.terms), []
    for start in (4, 0):
        part = problem.data.train.take(torch.arange(start, start + 8))
        step = problem.step(part)
        y = part.targets.numpy()
        probabilities = [
            step.outputs.logits[m].softmax(1).detach().numpy()[range(8), y] for m in ("m0", "m1")
        ]
        here = part.present["m1"].numpy()
        scores.append([probabilities[0].mean(), probabilities[1][here].mean()])
        weighting.observe(step)
    gains = np.maximum(np.subtract(*scores[::-1]), 0)
    assert gains.max() > 0
    assert weighting.factors.numpy() == pytest.approx(1.3 * (1 - gains / gains.sum()), rel=1e-4)


def residuals(prediction, targets):
    return prediction.softmax(dim=1) - torch.nn.functional.one_hot(targets, 3)


def direction_loss(step, b):
    """From the closed form of the gradients by the logits."""
    g = residuals(step.outputs.prediction, step.batch.targets).flatten()
    total = torch.zeros(())
    for factor, logits in zip(b, step.outputs.logits.values(), strict=True):
        own = residuals(logits, step.batch.targets).flatten().detach()
        total = total + abs(factor) - factor * (g @ own) / (g.norm() * own.norm())
    return total / len(b)


def test_encoders_take_the_modulated_gradient_and_heads_their_own(joint):
    problem = joint(2, everywhere=True)
    weighting = CGGM(problem.terms, direction=0.7)
    weighting.observe(problem.step())
    weighting.scores -= torch.tensor([0.1, 0.3])
    problem.backward(weighting)
    step = problem.step()
    found = problem.losses(step)
    b = [3 / 4, 1 / 4]
    taught = sum(loss for name, loss in found.items() if not name.startswith("uni:"))
    total = taught + 0.7 * direction_loss(step, b)
    for name, factor in zip(("m0", "m1"), b, strict=True):
        expected = 1.3 * factor * problem.gradient(total, f"encoder:{name}")
        torch.testing.assert_close(problem.gradients(f"encoder:{name}"), expected)
        own = problem.gradient(found[f"uni:{name}"], f"head:{name}")
        torch.testing.assert_close(problem.gradients(f"head:{name}"), own)
    for group in ("shared", "align"):
        torch.testing.assert_close(problem.gradients(group), problem.gradient(total, group))


def test_the_direction_loss_turns_the_joint_prediction_to_the_modality_behind(joint):
    problem = joint(2, everywhere=True)
    weighting = CGGM(problem.terms)
    weighting.observe(problem.step())
    before = direction_loss(problem.step(), [1.0, 0.0])
    weighting.scores -= torch.tensor([0.0, 0.3])
    step = problem.step()
    weighting.observe(step)
    assert weighting._gap.item() == pytest.approx(before.item(), rel=1e-5)
    shared = problem.model.parameter_groups()["shared"]
    for parameter, g in zip(shared, torch.autograd.grad(weighting._gap, shared), strict=True):
        parameter.data -= 0.05 * g
    assert direction_loss(problem.step(), [1.0, 0.0]) < before


def test_a_modality_that_no_sample_has_keeps_its_score(joint):
    problem = joint(2)
    weighting = CGGM(problem.terms)
    weighting.observe(problem.step())
    kept = weighting.scores[1].item()
    problem.backward(weighting, problem.data.train.without("m1"))
    assert weighting.scores[1].item() == kept
    assert problem.gradients("shared").isfinite().all()


@pytest.mark.parametrize("task", ["regression", "retrieval", "multilabel"])
def test_directions_have_a_meaning_on_every_task(joint, task):
    problem = joint(2, task)
    weighting = CGGM(problem.terms)
    weighting.observe(problem.step())
    assert 0 < weighting._gap.item() < 1
    assert torch.autograd.grad(weighting._gap, problem.groups["shared"])[0].abs().max() > 0
