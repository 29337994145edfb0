from __future__ import annotations

import numpy as np
import pytest
import torch

from mmbench_alignments.factorised_contrastive import Critic, FactorisedContrastive

TARGETS = torch.tensor([2, 0, 2, 1, 0, 2])


def scores_of(critic, a, b):
    left, right = (layer.weight.detach().numpy() for layer in (critic.left, critic.right))
    a, b = a @ left.T, b @ right.T
    a, b = (z / np.linalg.norm(z, axis=1, keepdims=True) for z in (a, b))
    return a @ b.T / critic.temperature


def infonce(scores, positives, candidates):
    total = 0.0
    for row, own, among in zip(scores, positives, candidates, strict=True):
        total -= (row[own] - np.log(np.exp(row[among]).sum())).mean()
    return total / len(scores)


def nce_club(scores, candidates):
    rows = zip(scores.diagonal(), scores, candidates, strict=True)
    return np.mean([pair - row[among].mean() for pair, row, among in rows])


def spelled(loss, x_i, x_j, same):
    """The terms of the objective, one by one."""
    parts = {
        f"{kind}_{m}": getattr(loss, f"{kind}_{m}")(x).detach().numpy()
        for kind in ("shared", "unique")
        for m, x in (("i", x_i), ("j", x_j))
    }
    pair, every = np.eye(len(same), dtype=bool), np.ones_like(same)

    def scores(critic, a, b):
        return scores_of(getattr(loss, f"critic_{critic}"), parts[a], parts[b])

    shared = ("shared_i", "shared_j")
    unique = ("unique_i", "unique_j")
    given, free = scores("shared_given", *shared), scores("unique", *unique)
    return (
        infonce(scores("shared", *shared), pair, every)
        + (nce_club(given, same) + infonce(given, pair, same))
        + infonce(scores("own_i", "unique_i", "unique_i"), same, every)
        + infonce(scores("own_j", "unique_j", "unique_j"), same, every)
        + (nce_club(free, every) + infonce(free, pair, every))
        + infonce(scores("unique_given", *unique), pair, same)
    )


@pytest.mark.parametrize("targets", [TARGETS, None], ids=["supervised", "alone"])
def test_it_is_the_sum_of_its_bounds(targets):
    loss = FactorisedContrastive(3, 5, dim=4, temperature=0.5).double()
    x_i, x_j = torch.randn(6, 3).double(), torch.randn(6, 5).double()
    same = np.eye(6, dtype=bool) if targets is None else np.equal.outer(TARGETS, TARGETS)
    found = loss(x_i, x_j, targets).item()
    assert found == pytest.approx(spelled(loss, x_i, x_j, np.asarray(same)))


def test_an_upper_bound_moves_features_and_its_critic_by_losses_of_their_own():
    critic = Critic(4, 0.5).double()
    a, b = (torch.randn(6, 4, dtype=torch.float64, requires_grad=True) for _ in range(2))
    pair, every = torch.eye(6, dtype=torch.bool), torch.ones(6, 6, dtype=torch.bool)
    weights = list(critic.parameters())
    found = torch.autograd.grad(critic.lowered(a, b, pair, every), [a, b, *weights])
    scores = critic._scores(a, b, critic.left.weight, critic.right.weight)
    of_features = torch.autograd.grad(scores.diagonal().mean() - scores.mean(), [a, b])
    of_critic = torch.autograd.grad(critic.raised(a, b, pair, every), weights)
    torch.testing.assert_close(found, (*of_features, *of_critic))


def test_given_targets_every_parameter_receives_a_gradient():
    loss = FactorisedContrastive(3, 5)
    loss(torch.randn(6, 3), torch.randn(6, 5), TARGETS).backward()
    for name, parameter in loss.named_parameters():
        assert parameter.grad.abs().sum() > 0, name


def test_without_targets_the_critics_of_terms_given_them_rest():
    loss = FactorisedContrastive(3, 5)
    loss(torch.randn(6, 3), torch.randn(6, 5)).backward()
    resting = {name for name, p in loss.named_parameters() if p.grad.abs().sum() == 0}
    given = ("critic_shared_given", "critic_unique_given")
    assert resting == {f"{critic}.{side}.weight" for critic in given for side in ("left", "right")}


@pytest.mark.parametrize("size", [0, 1])
def test_with_nothing_to_tell_apart_the_loss_is_zero(size):
    loss = FactorisedContrastive(3, 5)
    value = loss(torch.randn(size, 3), torch.randn(size, 5), TARGETS[:size])
    assert value.item() == 0


def test_of_constant_features_none_is_told_from_another():
    value = FactorisedContrastive(3, 5)(torch.ones(6, 3), torch.ones(6, 5), TARGETS)
    sizes = np.array([3, 2, 3, 1, 2, 3])
    expected = 4 * np.log(6) + 2 * np.log(sizes).mean()
    assert value.item() == pytest.approx(expected, rel=1e-5)


def test_shared_parts_drop_what_is_unique_and_unique_parts_what_is_irrelevant():
    """Modalities share two features and have two of their own; the first of each is in the targets."""
    loss = FactorisedContrastive(4, 4, dim=4)
    optimiser = torch.optim.Adam(loss.parameters(), lr=0.05)
    for _ in range(150):
        common, own_i, own_j = torch.randn(3, 96, 2)
        signs = torch.stack([common[:, 0], own_i[:, 0], own_j[:, 0]], dim=1) > 0
        x_i, x_j = torch.cat([common, own_i], dim=1), torch.cat([common, own_j], dim=1)
        optimiser.zero_grad()
        loss(x_i, x_j, signs.float()).backward()
        optimiser.step()
    critic = loss.critic_shared
    seen = [
        critic.left.weight @ loss.shared_i.weight,
        critic.right.weight @ loss.shared_j.weight,
    ]
    shared = torch.cat(seen).norm(dim=0)
    assert shared[:2].min() > 2 * shared[2:].max()
    unique = torch.cat([loss.unique_i.weight, loss.unique_j.weight]).norm(dim=0)
    assert unique[2] > 2 * unique[3]
