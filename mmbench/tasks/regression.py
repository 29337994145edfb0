"""One or several real targets."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from sklearn import metrics
from torch import Tensor

from mmbench.errors import DataError
from mmbench.tasks.base import Task

__all__ = ["Regression"]


class Regression(Task):
    """Targets (N,) or (N, K) reals, standardised by the training part; metrics are in the targets' own units."""

    name = "regression"
    primary = "r2"

    def fit(self, train: npt.NDArray[Any], everything: npt.NDArray[Any]) -> Task:
        if everything.ndim not in (1, 2) or everything.dtype.kind not in "fiu":
            raise DataError(
                f"Expected real targets of shape (N,) or (N, K). "
                f"Found {everything.dtype} of shape {everything.shape}."
            )
        columns = train.reshape(len(train), -1).astype(np.float64)
        self.head_size = columns.shape[1]
        self._mean = torch.from_numpy(columns.mean(axis=0))
        std = columns.std(axis=0)
        self._std = torch.from_numpy(np.where(std > 0, std, 1.0))
        return self

    def encode(self, targets: npt.NDArray[Any]) -> Tensor:
        columns = torch.from_numpy(targets.reshape(len(targets), -1).astype(np.float64))
        return ((columns - self._mean) / self._std).float()

    def loss(self, prediction: Tensor, targets: Tensor) -> Tensor:
        return (prediction - targets).square().mean(dim=-1)

    def metrics(self, prediction: Tensor, targets: Tensor) -> dict[str, float]:
        """R² (mean over targets), mean absolute error, root mean squared error."""
        found = (prediction.double() * self._std + self._mean).numpy()
        expected = (targets.double() * self._std + self._mean).numpy()
        enough = len(expected) > 1
        return {
            "r2": float(metrics.r2_score(expected, found)) if enough else float("nan"),
            "mae": float(metrics.mean_absolute_error(expected, found)),
            "rmse": float(np.sqrt(metrics.mean_squared_error(expected, found))),
        }
