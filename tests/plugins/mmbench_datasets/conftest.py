from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GroupKFold, StratifiedKFold, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from mmbench.data.samples import Samples


@pytest.fixture(scope="session")
def probe() -> Callable[..., float]:
    """Cross-validated accuracy of logistic regression on numbers (N, F), by group if any."""

    def accuracy(
        samples: Samples, features: npt.NDArray[Any], strength: float = 1.0, folds: int = 5
    ) -> float:
        model = make_pipeline(StandardScaler(), LogisticRegression(C=strength, max_iter=1000))
        if samples.groups is None:
            cutter = StratifiedKFold(folds, shuffle=True, random_state=0)
        else:
            cutter = GroupKFold(folds)
        scores = cross_val_score(model, features, samples.targets, groups=samples.groups, cv=cutter)
        return float(np.mean(scores))

    return accuracy
