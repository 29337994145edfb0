from __future__ import annotations

from itertools import product

import numpy as np
import pytest
import torch
from scipy.stats import dirichlet

from mmbench_fusions.evidential import Evidential, combined_evidence, evidential_loss


def dempster(first, second):
    """Dempster's rule on masses over subsets of the frame, by enumeration."""
    joint, conflict = {}, 0.0
    for (a, mass_a), (b, mass_b) in product(first.items(), second.items()):
        both = a & b
        if both:
            joint[both] = joint.get(both, 0.0) + mass_a * mass_b
        else:
            conflict += mass_a * mass_b
    return {subset: mass / (1 - conflict) for subset, mass in joint.items()}


def opinion(evidence):
    """Masses on each class and, as doubt, on the whole frame."""
    classes = len(evidence)
    total = evidence.sum() + classes
    masses = {frozenset([c]): e / total for c, e in enumerate(evidence)}
    return {**masses, frozenset(range(classes)): classes / total}


@pytest.mark.parametrize("modalities", [2, 3, 4])
@pytest.mark.parametrize("classes", [2, 3, 5])
def test_it_is_dempster_s_rule(modalities, classes):
    rng = np.random.default_rng(modalities)
    z = rng.normal(scale=3, size=(modalities, 6, classes))
    names = [f"m{k}" for k in range(modalities)]
    fusion = Evidential(dict.fromkeys(names, classes), classes).eval()
    logits = {name: torch.from_numpy(x) for name, x in zip(names, z, strict=True)}
    output = fusion(logits)
    for sample in range(6):
        opinions = [opinion(np.log1p(np.exp(x))) for x in z[:, sample]]
        joint = opinions[0]
        for other in opinions[1:]:
            joint = dempster(joint, other)
        doubt = joint[frozenset(range(classes))]
        belief = np.array([joint[frozenset([c])] for c in range(classes)])
        # The Dirichlet's mean: each class has its belief and its share of the doubt.
        expected = belief + doubt / classes
        found = output.fused[sample].softmax(dim=0)
        np.testing.assert_allclose(found, expected, atol=1e-6)
        for name, own in zip(names, opinions, strict=True):
            belief = 1 - own[frozenset(range(classes))]
            np.testing.assert_allclose(output.weights[name][sample], belief, atol=1e-6)


def test_opinions_join_from_left_to_right():
    evidence = torch.rand(5, 3, 4, dtype=torch.float64) * 20
    first = combined_evidence(evidence[:, :2])
    both = combined_evidence(torch.stack([first, evidence[:, 2]], dim=1))
    torch.testing.assert_close(combined_evidence(evidence), both)


def test_no_evidence_changes_nothing(spelling):
    z = torch.randn(3, 4, dtype=torch.float64)
    fusion = Evidential({"image": 4, "text": 4}, 4).eval()
    presence = {"image": torch.ones(3, dtype=torch.bool), "text": torch.zeros(3, dtype=torch.bool)}
    joint = fusion({"image": z, "text": z}, presence).fused
    torch.testing.assert_close(joint, Evidential({"image": 4}, 4).eval()({"image": z}).fused)


def test_the_loss_is_an_expectation_under_the_dirichlet():
    evidence = torch.tensor([[[3.0, 0.5, 1.0]]], dtype=torch.float64)
    targets = torch.tensor([0])
    alpha = evidence[0, 0].numpy() + 1
    draws = dirichlet(alpha).rvs(200_000, random_state=0)
    expected = -np.log(draws[:, 0]).mean()
    found = evidential_loss(evidence, targets, divergence=0.0).item()
    np.testing.assert_allclose(found, expected, rtol=0.01)

    wrong = np.array([1.0, 1.5, 2.0])
    draws = dirichlet(wrong).rvs(200_000, random_state=0)
    log_ratio = dirichlet(wrong).logpdf(draws.T) - dirichlet(np.ones(3)).logpdf(draws.T)
    with_divergence = evidential_loss(evidence, targets, divergence=1.0).item()
    np.testing.assert_allclose(with_divergence - found, log_ratio.mean(), rtol=0.02)


def test_only_wrong_evidence_diverges():
    right = torch.tensor([[[40.0, 0.0, 0.0]]])
    losses = [evidential_loss(right, torch.tensor([0]), factor).item() for factor in (0.0, 1.0)]
    assert losses[0] == pytest.approx(losses[1], abs=1e-5)


def test_the_loss_is_of_each_present_opinion_and_the_joint_one(spelling):
    spelling.dims = dict.fromkeys(spelling.dims, 3)
    rng = np.random.default_rng(0)
    spelling.features = {m: rng.normal(size=(4, 3)) for m in spelling.dims}
    targets = torch.tensor([0, 1, 2, 0])
    output = spelling.run(Evidential(spelling.dims, 3, divergence=0.3), targets=targets)
    z = torch.from_numpy(np.stack(list(spelling.features.values()), axis=1))
    own = evidential_loss(torch.nn.functional.softplus(z), targets, 0.3).numpy()
    joint = evidential_loss(output.fused.exp().unsqueeze(1) - 1, targets, 0.3).numpy()
    expected = ((own * spelling.present).sum(axis=1) + joint[:, 0]).mean()
    spelling.same(output.aux["evidence"], expected)
