from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
import torch

from mmbench_weightings.reconboost import ReconBoost


def softmax(x):
    e = np.exp(x - x.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)


def test_each_modality_has_a_turn_and_then_all_are_rectified(joint):
    problem = joint(2)
    weighting = ReconBoost(problem.terms)
    assert weighting.rounds == 3
    reached, still = [], []
    for _ in range(4):
        problem.backward(weighting)
        sizes = {name: problem.gradients(name).abs().max() for name in problem.groups}
        reached.append({name for name, size in sizes.items() if size > 0})
        still.append(set(weighting.rates()))
    everything = set(problem.groups)
    first, second = {"encoder:m0", "head:m0"}, {"encoder:m1", "head:m1"}
    together = everything - {"head:m0", "head:m1"}
    assert reached == [first, second, together, first]
    assert still == [everything - first, everything - second, set(), everything - first]
    assert set(weighting.rates().values()) == {0.0}


def test_rectification_is_the_joint_loss_with_all_that_joins_it(joint):
    problem = joint(2)
    weighting = ReconBoost(problem.terms)
    weighting.turn.fill_(2)
    problem.backward(weighting)
    found = problem.losses(problem.step())
    total = sum(loss for name, loss in found.items() if not name.startswith("uni:"))
    for group in ("encoder:m0", "encoder:m1", "shared", "align"):
        torch.testing.assert_close(problem.gradients(group), problem.gradient(total, group))


@pytest.mark.parametrize("turn", [0, 1])
def test_a_lesson_has_the_value_of_numpy(joint, turn):
    problem = joint(2)
    weighting = ReconBoost(problem.terms, reconcilement=0.3, consolidation=0.7)
    weighting.turn.fill_(turn)
    step = problem.step()
    weighting.observe(step)
    own, other = (softmax(step.outputs.logits[f"m{k}"].detach().numpy()) for k in (turn, 1 - turn))
    y = step.batch.targets.numpy()
    rows = np.arange(len(y))
    losses = (1 - 0.3 * other[rows, y]) * -np.log(own[rows, y])
    losses += 0.7 * np.square(own - other).mean(axis=1)
    here = step.batch.present.get(f"m{turn}", torch.ones(12, dtype=torch.bool)).numpy()
    assert weighting._lesson.item() == pytest.approx(losses[here].mean(), rel=1e-5)


def test_with_three_the_others_are_averaged_and_the_one_before_is_remembered(joint):
    problem = joint(3, everywhere=True)
    weighting = ReconBoost(problem.terms)
    weighting.turn.fill_(1)
    step = problem.step()
    weighting.observe(step)
    logits = [step.outputs.logits[f"m{k}"].detach().numpy() for k in range(3)]
    y, rows = step.batch.targets.numpy(), np.arange(12)
    own, before = softmax(logits[1]), softmax(logits[0])
    known = softmax((logits[0] + logits[2]) / 2)[rows, y]
    losses = (1 - 0.2 * known) * -np.log(own[rows, y])
    losses += 0.5 * np.square(own - before).mean(axis=1)
    assert weighting._lesson.item() == pytest.approx(losses.mean(), rel=1e-5)


def test_consolidation_teaches(joint):
    problem = joint(2)
    with_it, without = (ReconBoost(problem.terms, consolidation=c) for c in (0.5, 0.0))
    problem.backward(with_it)
    remembered = problem.gradients("encoder:m0")
    problem.backward(without)
    assert (remembered - problem.gradients("encoder:m0")).abs().max() > 1e-4


def test_without_both_it_is_plain_alternation(joint):
    problem = joint(2)
    problem.backward(ReconBoost(problem.terms, reconcilement=0.0, consolidation=0.0))
    found = problem.losses(problem.step())
    expected = problem.gradient(found["uni:m0"], "encoder:m0")
    torch.testing.assert_close(problem.gradients("encoder:m0"), expected)


@pytest.mark.parametrize("task", ["multilabel", "regression", "retrieval"])
def test_every_task_has_lessons(joint, task):
    problem = joint(2, task)
    weighting = ReconBoost(problem.terms)
    problem.backward(weighting)
    found = problem.losses(problem.step())
    plain = problem.gradient(found["uni:m0"], "encoder:m0")
    assert problem.gradients("encoder:m0").isfinite().all()
    assert not torch.allclose(problem.gradients("encoder:m0"), plain)


def test_what_rests_does_not_move(joint):
    problem = joint(2)
    weighting = ReconBoost(problem.terms)
    trainer = problem.trainer(weighting)
    watched = [problem.groups[name][0] for name in ("encoder:m0", "encoder:m1", "shared")]
    states = [[p.detach().clone() for p in watched]]
    trainer.optimiser.register_step_post_hook(
        lambda *_: states.append([p.detach().clone() for p in watched])
    )
    trainer.epoch()
    trainer.epoch()
    changes = [
        [not torch.equal(*pair) for pair in zip(a, b, strict=True)] for a, b in pairwise(states)
    ]
    assert changes == [[True, False, False], [False, True, False], [True, True, True]] * 2
