from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from mmbench.errors import DataError
from mmbench.tasks.regression import Regression

TRAIN = np.array([10.0, 30.0])  # mean 20, standard deviation 10


def fitted(train=TRAIN):
    return Regression().fit(train, train)


def test_targets_are_standardised_by_the_training_part():
    task = Regression().fit(TRAIN, np.array([10.0, 30.0, 1e9]))
    assert task.encode(np.array([10, 20, 50])).tolist() == [[-1], [0], [3]]
    assert task.head_size == 1


def test_several_targets_have_scales_of_their_own():
    task = fitted(np.array([[10.0, 1.0, 5.0], [30.0, 3.0, 5.0]]))
    assert task.head_size == 3
    assert task.encode(np.array([[10.0, 3.0, 6.0]])).tolist() == [[-1, 1, 1]]


@pytest.mark.parametrize("targets", [np.zeros((2, 2, 2)), np.array(["a"]), np.array([True])])
def test_what_is_not_real_targets_is_refused(targets):
    with pytest.raises(DataError, match="Expected real targets"):
        fitted(targets)


def test_the_loss_is_the_mean_squared_error_of_each_sample():
    found = fitted().loss(torch.tensor([[1.0, 3.0], [0.0, 0.0]]), torch.zeros(2, 2))
    assert found.tolist() == [5.0, 0.0]


def test_metrics_by_hand_in_the_units_of_the_targets():
    task = fitted()
    targets = task.encode(np.array([10.0, 20.0, 30.0]))
    found = task.metrics(torch.tensor([[-1.0], [0.1], [1.0]]), targets)  # 10, 21 and 30
    assert found["r2"] == pytest.approx(1 - 1 / 200)
    assert found["mae"] == pytest.approx(1 / 3)
    assert found["rmse"] == pytest.approx(math.sqrt(1 / 3))


def test_r2_of_several_targets_is_their_mean():
    task = fitted(np.array([[10.0, 1.0], [30.0, 3.0]]))
    targets = task.encode(np.array([[10.0, 1.0], [30.0, 3.0]]))
    found = task.metrics(torch.tensor([[-1.0, 0.0], [1.0, 0.0]]), targets)
    assert found["r2"] == pytest.approx((1 + 0) / 2)
    assert found["mae"] == pytest.approx((0 + 0 + 1 + 1) / 4)


def test_the_mean_has_an_r2_of_zero_and_perfect_predictions_are_perfect():
    task = fitted()
    targets = task.encode(TRAIN)
    assert task.metrics(torch.zeros(2, 1), targets)["r2"] == pytest.approx(0)
    assert task.metrics(targets, targets) == pytest.approx({"r2": 1, "mae": 0, "rmse": 0})


def test_r2_of_one_sample_is_undefined():
    task = fitted()
    found = task.metrics(torch.zeros(1, 1), task.encode(np.array([30.0])))
    assert math.isnan(found["r2"])
    assert found["mae"] == pytest.approx(10)


def test_the_primary_metric_is_there_and_greater_is_better():
    task = fitted()
    assert Regression.primary in task.metrics(torch.zeros(2, 1), task.encode(TRAIN))
    assert Regression.oriented(0.3) == 0.3
