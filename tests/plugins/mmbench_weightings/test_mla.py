from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
import torch

from mmbench_weightings.mla import MLA, projection


def tied(problem):
    weighting = MLA(problem.terms)
    weighting.begin(problem.training())
    return weighting


def means(step, names):
    return [
        step.outputs.features[name][step.batch.present.get(name, ...)].mean(dim=0).detach()
        for name in names
    ]


@pytest.mark.parametrize("count", [0, 1, 3])
def test_the_projection_is_that_off_the_span_of_the_means(count):
    h = torch.randn(count, 6, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    p = projection(list(h), torch.zeros(2, 6, dtype=torch.float64)).numpy()
    span = h.T.numpy()
    expected = np.eye(6) - span @ np.linalg.pinv(span) if count else np.eye(6)
    assert p == pytest.approx(expected, abs=1e-5)


def test_the_mean_of_an_absent_modality_changes_nothing():
    assert torch.equal(projection([torch.zeros(5)], torch.zeros(2, 5)), torch.eye(5))


def test_the_heads_gradient_is_orthogonal_to_the_other_modalities_features(joint):
    problem = joint(3)
    weighting = tied(problem)
    for turn, name in enumerate(("m0", "m1", "m2")):
        problem.backward(weighting)
        step = problem.step()
        head = problem.model.unimodal_heads[f"@{name}"]
        others = [m for m in ("m0", "m1", "m2") if m != name]
        for mean in means(step, others):
            assert (head.weight.grad @ mean).abs().max() < 1e-5, turn
        loss = problem.losses(step)[f"uni:{name}"]
        (plain,) = torch.autograd.grad(loss, head.weight)
        assert (plain @ means(step, others)[0]).abs().max() > 1e-3
        assert head.weight.grad.norm() > 0.1 * plain.norm()


def test_each_turn_is_of_one_encoder(joint):
    problem = joint(2)
    weighting = tied(problem)
    assert weighting.rounds == 2
    for now, other in (("m0", "m1"), ("m1", "m0"), ("m0", "m1")):
        problem.backward(weighting)
        found = problem.losses(problem.step())
        own = found[f"uni:{now}"] + found[f"align:{now}->{other}"]
        expected = problem.gradient(own, f"encoder:{now}")
        torch.testing.assert_close(problem.gradients(f"encoder:{now}"), expected)
        assert problem.gradients(f"encoder:{other}").abs().max() == 0
        fused = problem.gradient(found["joint"] + found["aux:balance"], "shared")
        torch.testing.assert_close(problem.gradients("shared"), fused)
        assert weighting.rates() == {f"encoder:{other}": 0.0}


def test_heads_are_one_layer_that_is_trained_once(joint):
    problem = joint(3)
    tied(problem)
    heads = problem.model.unimodal_heads
    assert heads["@m0"] is heads["@m1"] is heads["@m2"]
    assert [name for name in problem.groups if name.startswith("head:")] == ["head:m0"]


def test_an_encoder_does_not_move_out_of_its_turn(joint):
    problem = joint(2)
    weighting = tied(problem)
    trainer = problem.trainer(weighting)
    encoders = [problem.model.encoders[f"@{name}"].layer.weight for name in ("m0", "m1")]
    moved = []
    trainer.optimiser.register_step_post_hook(
        lambda *_: moved.append([w.detach().clone() for w in encoders])
    )
    start = [w.detach().clone() for w in encoders]
    trainer.epoch()
    trainer.epoch()
    states = [start, *moved]
    changes = [
        [not torch.equal(*pair) for pair in zip(a, b, strict=True)] for a, b in pairwise(states)
    ]
    assert changes == [[True, False], [False, True]] * 2


def test_a_modality_alone_trains_unprojected(joint):
    problem = joint(1)
    problem.backward(tied(problem))
    found = problem.losses(problem.step())
    expected = problem.gradient(found["uni:m0"], "head:m0")
    torch.testing.assert_close(problem.gradients("head:m0"), expected)


def test_nothing_of_the_model_becomes_its_own(joint):
    problem = joint(2)
    weighting = tied(problem)
    weighting.observe(problem.step())
    assert list(weighting.parameters()) == []
    assert set(weighting.state_dict()) == {"turn"}
