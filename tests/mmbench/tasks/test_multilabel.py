from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from mmbench.errors import DataError
from mmbench.tasks.multilabel import Multilabel

# Label 0: hits at ranks 1 and 3. Label 1 never occurs. Label 2: a hit at rank 2.
SCORES = torch.tensor([[3.0, -1.0, 1.0], [2.0, -1.0, -1.0], [1.0, 2.0, -2.0]])
LABELS = torch.tensor([[1.0, 0.0, 0.0], [0.0, 0.0, 1.0], [1.0, 0.0, 0.0]])


def fitted(labels=3):
    targets = np.eye(labels)
    return Multilabel().fit(targets, targets)


def test_the_head_has_one_output_per_label():
    assert fitted(7).head_size == 7


@pytest.mark.parametrize("targets", [np.array([0, 1]), np.array([[0, 2]]), np.array([[0.5, 1]])])
def test_what_is_not_labels_is_refused(targets):
    with pytest.raises(DataError, match="Expected labels of 0 and 1"):
        Multilabel().fit(targets, targets)


def test_the_loss_is_the_mean_over_labels_of_each_sample():
    task = fitted(2)
    found = task.loss(torch.tensor([[0.0, 0.0], [0.0, 50.0]]), task.encode(np.array([[1, 0]] * 2)))
    assert found.tolist() == pytest.approx([math.log(2), (math.log(2) + 50) / 2])


def test_average_precision_by_hand_over_the_labels_that_occur():
    found = fitted().metrics(SCORES, LABELS)
    assert found["map"] == pytest.approx(((1 / 1 + 2 / 3) / 2 + 1 / 2) / 2)


def test_f1_by_hand_at_probability_one_half():
    found = fitted().metrics(SCORES, LABELS)
    # True positives 2, false positives 1 + 1 + 1, false negatives 1.
    assert found["micro_f1"] == pytest.approx(2 * 2 / (2 * 2 + 3 + 1))
    assert found["macro_f1"] == pytest.approx((2 * 2 / (2 * 2 + 1) + 0) / 2)


def test_perfect_predictions_are_perfect_also_where_a_label_does_not_occur():
    found = fitted().metrics(LABELS * 20 - 10, LABELS)
    assert found == {"map": 1, "micro_f1": 1, "macro_f1": 1}


def test_without_any_label_the_means_over_labels_are_undefined():
    found = fitted().metrics(SCORES, torch.zeros(3, 3))
    assert math.isnan(found["map"])
    assert math.isnan(found["macro_f1"])
    assert found["micro_f1"] == 0


def test_the_primary_metric_is_there_and_greater_is_better():
    assert Multilabel.primary in fitted().metrics(SCORES, LABELS)
    assert Multilabel.oriented(0.3) == 0.3
