from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from mmbench.errors import UnknownName
from mmbench_fusions.controls import Prior, Shuffled, Unimodal, exchange
from mmbench_fusions.operators import Concat


def predicted(task, targets, size, batch_size=3):
    prior = Prior({"image": 4}, size)
    prior.initialise(SimpleNamespace(name=task), torch.as_tensor(targets))
    return prior(batch_size)


def test_the_prior_of_classes_is_their_frequency():
    logits = predicted("classification", [2, 0, 2, 2], 4)
    assert logits.shape == (3, 4)
    expected = np.log([0.25, 0.125, 0.75, 0.125])
    np.testing.assert_allclose(logits, np.tile(expected, (3, 1)), atol=1e-6)
    softmax = predicted("classification", [2, 0, 2, 2, 1], 3).softmax(dim=1)
    np.testing.assert_allclose(softmax[0], [0.2, 0.2, 0.6], atol=1e-6)


def test_the_prior_of_labels_is_their_log_odds_and_finite():
    logits = predicted("multilabel", [[1, 0, 1], [0, 0, 1], [0, 0, 1], [0, 0, 1]], 3)
    np.testing.assert_allclose(logits[0].sigmoid(), [0.25, 0.125, 0.875], atol=1e-6)


@pytest.mark.parametrize(
    ("targets", "mean"), [([1.0, 2.0, 6.0], [3.0]), ([[1.0, 0.0], [2.0, 4.0]], [1.5, 2.0])]
)
def test_the_prior_of_reals_is_their_mean(targets, mean):
    assert predicted("regression", targets, len(mean)).tolist() == [mean] * 3


def test_the_prior_of_a_retrieval_is_zero():
    assert predicted("retrieval", [4, 0, 9], 5).tolist() == [[0.0] * 5] * 3


def test_the_prior_trains_nothing_and_keeps_what_it_learned_in_its_state():
    prior = Prior({"image": 4}, 2)
    assert not list(prior.parameters())
    prior.initialise(SimpleNamespace(name="classification"), torch.tensor([0, 1, 1, 1]))
    other = Prior({"image": 4}, 2)
    other.load_state_dict(prior.state_dict())
    assert torch.equal(other(2), prior(2))


def test_unimodal_is_concat_with_one_modality():
    torch.manual_seed(0)
    unimodal = Unimodal({"image": 4}, 6).eval()
    torch.manual_seed(0)
    concat = Concat({"image": 4}, 6).eval()
    features = {"image": torch.randn(3, 4)}
    assert torch.equal(unimodal(features), concat(features))


def test_shuffled_is_concat_with_one_modality_of_other_samples():
    shuffled = Shuffled({"image": 4, "text": 3}, 6, modality="text").eval()
    concat = Concat({"image": 4, "text": 3}, 6).eval()
    concat.load_state_dict(shuffled.state_dict())
    image, text = torch.randn(9, 4), torch.randn(9, 3)
    exchanged = {"image": image, "text": text[exchange(9)]}
    torch.testing.assert_close(shuffled({"image": image, "text": text}), concat(exchanged))


@given(st.integers(2, 200))
def test_the_exchange_is_a_permutation_in_which_nobody_keeps_its_own(size):
    source = exchange(size)
    assert sorted(source) == list(range(size))
    assert (source != np.arange(size)).all()
    assert (source == exchange(size)).all()


def test_the_exchange_separates_neighbours():
    distance = np.abs(exchange(640) - np.arange(640))
    assert (distance < 10).mean() < 0.1


def test_a_batch_of_one_keeps_its_own():
    assert exchange(1).tolist() == [0]


def test_shuffling_an_unknown_modality_names_the_nearest():
    with pytest.raises(UnknownName, match="Did you mean 'text'"):
        Shuffled({"image": 4, "text": 3}, 6, modality="txt")
