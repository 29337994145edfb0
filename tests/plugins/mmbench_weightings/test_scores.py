from __future__ import annotations

import math
from types import SimpleNamespace

import pytest
import torch

from mmbench import Term
from mmbench.data.part import Part
from mmbench_weightings.scores import average, dominance, mean_scores, modalities, others

THERE = torch.tensor([True, True, False, False])


def batch(weights=None):
    return Part({}, {}, {"text": THERE}, torch.zeros(4), weights)


def test_modalities_are_those_with_a_loss_of_their_own():
    terms = (Term("joint"), Term("uni:b"), Term("uni:a", 0.0), Term("align:a->c"))
    assert modalities(terms) == ("b", "a")


def test_means_are_over_the_samples_that_have_the_modality():
    values = torch.tensor([1.0, 3.0, 8.0, 8.0])
    assert average(values, batch()).item() == 5.0
    assert average(values, batch(), "text").item() == 2.0
    assert average(values, batch(torch.tensor([3.0, 1.0, 1.0, 1.0])), "text").item() == 1.5
    nowhere = Part({}, {}, {"text": torch.zeros(4, dtype=torch.bool)}, torch.zeros(4))
    assert average(values, nowhere, "text").isnan()


def test_a_score_is_the_mean_likelihood():
    losses = {"uni:image": torch.zeros(4), "uni:text": torch.tensor([1.0, 2.0, 9.0, 9.0])}
    step = SimpleNamespace(batch=batch(), sample_losses=losses)
    expected = [1.0, (math.exp(-1) + math.exp(-2)) / 2]
    assert mean_scores(step, ("image", "text")).tolist() == pytest.approx(expected)


def test_dominance_is_the_ratio_of_two_and_compares_with_the_mean_of_more():
    assert dominance(torch.tensor([0.6, 0.3])).tolist() == pytest.approx([2.0, 0.5])
    found = dominance(torch.tensor([0.6, 0.3, 0.1])).tolist()
    assert found == pytest.approx([0.6 / 0.2, 0.3 / 0.35, 0.1 / 0.45])


def test_one_modality_and_one_that_no_sample_has_dominate_nothing():
    assert dominance(torch.tensor([0.6])).tolist() == [1.0]
    found = dominance(torch.tensor([0.6, torch.nan, 0.3]))
    assert found.tolist() == pytest.approx([2.0, 1.0, 0.5])
    assert others(torch.tensor([5.0])).isnan().all()
