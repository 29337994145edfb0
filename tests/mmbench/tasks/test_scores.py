"""The primary metric alone is the primary metric among all."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from mmbench.tasks import TASKS

SIZE = 24
TARGETS = {
    "classification": np.arange(SIZE) % 3,
    "multilabel": (np.arange(SIZE)[:, None] % np.array([2, 3, 5]) == 0).astype(np.int64),
    "regression": np.sin(np.arange(SIZE)),
    "retrieval": np.arange(SIZE) // 2,
}


@pytest.mark.parametrize("name", TASKS)
def test_the_score_is_the_primary_metric(name: str) -> None:
    task = TASKS[name]().fit(TARGETS[name], TARGETS[name])
    torch.manual_seed(0)
    prediction, targets = torch.randn(SIZE, task.head_size), task.encode(TARGETS[name])
    if name == "retrieval":
        targets = torch.cat([torch.randn(SIZE, task.head_size), targets[:, None].float()], dim=1)
    assert task.score(prediction, targets) == task.metrics(prediction, targets)[task.primary]
