from __future__ import annotations

import numpy as np
import pytest
import torch

from mmbench import Term
from mmbench_weightings.unimodal_teacher import UnimodalTeacher


def teachers_features(problem):
    """Of the teachers, trained once more."""
    batch, training = problem.data.train, problem.training()
    found = {}
    for name in ("m0", "m1"):
        found[name] = training.alone(name).eval().encode(batch)[2][name].detach()
    return found


def distances(problem, step, targets, names=("m0", "m1")):
    """Mean over the features and over the samples that have the modality."""
    total = torch.zeros(())
    for name in names:
        here = step.batch.present.get(name, torch.ones(12, dtype=torch.bool))
        total = total + (step.outputs.features[name][here] - targets[name][here]).square().mean()
    return total


def test_encoders_learn_the_joint_task_and_the_teachers_features(joint):
    problem = joint(2)
    weighting = UnimodalTeacher(problem.terms)
    weighting.begin(problem.training())
    problem.backward(weighting)
    step = problem.step()
    found = problem.losses(step)
    taught = sum(loss for name, loss in found.items() if not name.startswith("uni:"))
    total = taught + 10 * distances(problem, step, teachers_features(problem))
    for group in ("encoder:m0", "encoder:m1", "shared", "align"):
        torch.testing.assert_close(problem.gradients(group), problem.gradient(total, group))
    for name in ("m0", "m1"):
        own = problem.gradient(found[f"uni:{name}"], f"head:{name}")
        torch.testing.assert_close(problem.gradients(f"head:{name}"), own)
    assert problem.gradient(found["uni:m0"], "encoder:m0").abs().max() > 1e-3


def test_the_distance_has_the_value_of_numpy(joint):
    problem = joint(2)
    weighting = UnimodalTeacher((Term("joint"), Term("uni:m1", 0.25)), weight=3.0)
    weighting.begin(problem.training())
    step = problem.step()
    weighting.observe(step)
    targets = teachers_features(problem)["m1"].numpy()
    feature = step.outputs.features["m1"].detach().numpy()
    here = step.batch.present["m1"].numpy()
    assert 0 < here.sum() < len(here)
    squares = np.square(feature - targets)[here]
    assert weighting._distance.item() == pytest.approx(0.25 * squares.mean(), rel=1e-5)


def test_a_modality_that_no_sample_has_teaches_nothing(joint):
    problem = joint(2)
    weighting = UnimodalTeacher(problem.terms)
    weighting.begin(problem.training())
    problem.backward(weighting, problem.data.train.without("m1"))
    assert problem.gradients("encoder:m1").abs().max() == 0
    assert problem.gradients("encoder:m0").isfinite().all()


def test_teachers_stay_as_they_are_and_out_of_the_state(joint):
    problem = joint(2)
    weighting, again = UnimodalTeacher(problem.terms), UnimodalTeacher(problem.terms)
    before = [p.clone() for p in problem.model.parameters()]
    weighting.begin(problem.training())
    again.begin(problem.training())
    assert all(map(torch.equal, before, problem.model.parameters()))
    for name, teacher in weighting._teachers.items():
        pairs = zip(teacher.parameters(), again._teachers[name].parameters(), strict=True)
        assert all(torch.equal(a, b) and not a.requires_grad for a, b in pairs)
        start = problem.model.encoders[f"@{name}"].layer.weight
        assert not torch.equal(teacher.encoders[f"@{name}"].layer.weight, start)
    assert list(weighting.parameters()) == []
    assert weighting.state_dict() == {}


def test_the_unimodal_losses_weigh_nothing_in_the_encoders():
    weighting = UnimodalTeacher((Term("joint", 2.0), Term("uni:image", 0.5), Term("aux:a")))
    assert weighting.weights() == {"joint": 2.0, "uni:image": 0.0, "aux:a": 1.0}
