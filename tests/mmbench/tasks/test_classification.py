from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from mmbench.errors import DataError
from mmbench.tasks.classification import Classification


def fitted(classes):
    return Classification().fit(np.arange(2), np.arange(classes))


def logits(*rows):
    return torch.tensor(rows, dtype=torch.float64).log()


def test_the_head_has_one_output_per_class_of_the_whole_dataset():
    assert Classification().fit(np.array([0, 1]), np.array([0, 1, 4])).head_size == 5


@pytest.mark.parametrize(
    "targets", [np.array([0.0, 1.0]), np.array([[0], [1]]), np.array([-1, 0]), np.array(["a"])]
)
def test_what_is_not_classes_is_refused(targets):
    with pytest.raises(DataError, match="Expected classes as whole numbers from 0"):
        Classification().fit(targets, targets)


def test_the_loss_is_the_cross_entropy_of_each_sample():
    task = fitted(2)
    prediction = logits([0.8, 0.2], [0.5, 0.5]).float()
    found = task.loss(prediction, task.encode(np.array([0, 1], dtype=np.uint8)))
    assert found.tolist() == pytest.approx([-math.log(0.8), math.log(2)])


def test_metrics_by_hand():
    prediction = logits([0.9, 0.1], [0.25, 0.75], [0.63, 0.37], [0.63, 0.37])
    found = fitted(2).metrics(prediction, torch.tensor([0, 0, 0, 1]))
    # Confidences 0.9 and 0.75 are alone in their bins, right and wrong; 0.63 is right one time in two.
    assert found["calibration_error"] == pytest.approx(0.1 / 4 + 0.75 / 4 + 0.13 / 2, abs=1e-6)
    assert found["accuracy"] == 0.5
    assert found["balanced_accuracy"] == pytest.approx((2 / 3 + 0) / 2)
    assert found["macro_f1"] == pytest.approx((2 / 3 + 0) / 2)
    expected = -sum(map(math.log, (0.9, 0.25, 0.63, 0.37))) / 4
    assert found["log_loss"] == pytest.approx(expected)


def test_perfect_predictions_are_perfect_also_where_a_class_does_not_occur():
    targets = torch.tensor([0, 2, 2])
    found = fitted(4).metrics(torch.eye(4)[targets] * 100, targets)
    assert found["accuracy"] == found["macro_f1"] == found["balanced_accuracy"] == 1
    assert found["log_loss"] == pytest.approx(0, abs=1e-6)
    assert found["calibration_error"] == pytest.approx(0, abs=1e-6)


def test_the_primary_metric_is_there_and_greater_is_better():
    found = fitted(2).metrics(torch.zeros(2, 2), torch.tensor([0, 1]))
    assert Classification.primary in found
    assert Classification.oriented(0.3) == 0.3
    assert Classification.stratify
