from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest
import torch

from mmbench_fusions.decisions import (
    LateAverage,
    LateProduct,
    LateWeighted,
    MajorityVote,
    Stacking,
)


def test_the_average_is_over_present_modalities():
    logits = {
        "image": torch.tensor([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]]),
        "text": torch.tensor([[3.0, 0.0], [9.0, 9.0], [9.0, 9.0]]),
    }
    presence = {
        "image": torch.tensor([True, True, False]),
        "text": torch.tensor([True, False, False]),
    }
    output = LateAverage({"image": 2, "text": 2}, 2)(logits, presence)
    assert output.fused.tolist() == [[2.0, 1.0], [3.0, 4.0], [0.0, 0.0]]
    assert output.weights["image"].tolist() == [0.5, 1.0, 0.0]
    assert output.weights["text"].tolist() == [0.5, 0.0, 0.0]


@pytest.fixture
def opinions(spelling):
    """The four samples with three classes."""
    rng = np.random.default_rng(3)
    spelling.dims = dict.fromkeys(spelling.dims, 3)
    spelling.features = {m: 2 * rng.normal(size=(4, 3)) for m in spelling.dims}
    return spelling


def there(spelling, sample):
    """`(M, C)`, the logits of the modalities that the sample has."""
    z = np.stack(list(spelling.features.values()), axis=1)
    return z[sample, spelling.present[sample]]


def test_the_weights_are_a_softmax_over_present_modalities(opinions):
    fusion = LateWeighted(opinions.dims, 3).double()
    torch.nn.init.normal_(fusion.scores)
    output = opinions.run(fusion)
    for sample in range(4):
        scores = fusion.scores.detach().numpy()[opinions.present[sample]]
        weights = opinions.softmax(scores)
        opinions.same(output.fused[sample], weights @ there(opinions, sample))


def test_the_product_divides_by_the_prior(opinions):
    fusion = LateProduct(opinions.dims, 3).double()
    targets = torch.tensor([0, 0, 0, 1, 1, 2])
    fusion.initialise(SimpleNamespace(name="classification"), targets)
    found = opinions.softmax(opinions.run(fusion).fused.numpy())
    prior = np.array([3, 2, 1]) / 6
    for sample in range(4):
        probabilities = opinions.softmax(there(opinions, sample))
        expected = prior ** (1 - len(probabilities)) * probabilities.prod(axis=0)
        np.testing.assert_allclose(found[sample], expected / expected.sum(), atol=1e-6)


def test_the_product_of_labels_multiplies_odds(opinions):
    fusion = LateProduct(opinions.dims, 3).double()
    targets = torch.tensor([[1, 0, 1], [0, 0, 1], [0, 1, 0], [0, 0, 1]])
    fusion.initialise(SimpleNamespace(name="multilabel"), targets)
    prior = np.array([1 / 3, 1 / 3, 3])
    found = np.exp(opinions.run(fusion).fused.numpy())
    for sample in range(4):
        odds = np.exp(there(opinions, sample))
        expected = odds.prod(axis=0) / prior ** (len(odds) - 1)
        np.testing.assert_allclose(found[sample], expected, rtol=1e-6)


def test_nothing_present_leaves_the_prior():
    fusion = LateProduct({"image": 2, "text": 2}, 2)
    fusion.initialise(SimpleNamespace(name="classification"), torch.tensor([0, 0, 0, 1]))
    logits = {m: torch.randn(1, 2) for m in ("image", "text")}
    nothing = {m: torch.tensor([False]) for m in logits}
    np.testing.assert_allclose(fusion(logits, nothing).softmax(dim=1), [[0.75, 0.25]], atol=1e-6)


def test_the_majority_wins_and_probabilities_decide_ties(opinions):
    fusion = MajorityVote(opinions.dims, 3).double().eval()
    found = np.exp(opinions.run(fusion).fused.numpy())
    for sample in range(4):
        z = there(opinions, sample)
        votes = np.bincount(z.argmax(axis=1), minlength=3)
        mean = opinions.softmax(z).mean(axis=0)
        expected = (votes + mean) / (len(z) + 1)
        np.testing.assert_allclose(found[sample], expected, atol=2e-6)
        assert votes[found[sample].argmax()] == votes.max()


def test_a_majority_is_not_outvoted_by_certainty():
    logits = {"a": [[0.1, 0.0]], "b": [[0.1, 0.0]], "c": [[0.0, 50.0]]}
    fusion = MajorityVote(dict.fromkeys("abc", 2), 2).eval()
    given = {m: torch.tensor(z) for m, z in logits.items()}
    assert fusion(given).argmax() == 0
    tie = {m: given[m] for m in "ac"}
    assert MajorityVote(dict.fromkeys("ac", 2), 2).eval()(tie).argmax() == 1


def test_voters_learn_by_their_mean_probability(opinions):
    fusion = MajorityVote(opinions.dims, 3).double()
    found = np.exp(opinions.run(fusion).fused.numpy())
    for sample in range(4):
        expected = opinions.softmax(there(opinions, sample)).mean(axis=0)
        np.testing.assert_allclose(found[sample], expected, atol=2e-6)


def test_stacking_is_a_perceptron_on_the_decisions(opinions):
    fusion = Stacking(opinions.dims, 3, hidden=5).double().eval()
    z = np.stack(list(opinions.features.values()), axis=1) * opinions.present[:, :, None]
    expected = opinions.linear(fusion.body, z.reshape(4, 9))
    opinions.same(opinions.run(fusion).fused, expected)
