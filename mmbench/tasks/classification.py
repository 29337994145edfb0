"""One class of several."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import torch
import torch.nn.functional as F
from sklearn import metrics
from torch import Tensor
from torchmetrics.functional.classification import multiclass_calibration_error

from mmbench.errors import DataError
from mmbench.tasks.base import Task

__all__ = ["Classification"]


class Classification(Task):
    """Targets (N,) whole numbers from 0; predictions are logits (N, C)."""

    name = "classification"
    primary = "accuracy"
    stratify = True

    def fit(self, train: npt.NDArray[Any], everything: npt.NDArray[Any]) -> Task:
        if everything.ndim != 1 or everything.dtype.kind not in "iu" or everything.min() < 0:
            raise DataError(
                f"Expected classes as whole numbers from 0, of shape (N,). "
                f"Found {everything.dtype} of shape {everything.shape}."
            )
        self.head_size = int(everything.max()) + 1
        return self

    def encode(self, targets: npt.NDArray[Any]) -> Tensor:
        return torch.from_numpy(targets.astype(np.int64))

    def loss(self, prediction: Tensor, targets: Tensor) -> Tensor:
        # With few classes, twice as fast as `cross_entropy` in lanes, whose softmax goes row by row.
        return prediction.logsumexp(1) - prediction.gather(1, targets[:, None])[:, 0]

    def score(self, prediction: Tensor, targets: Tensor) -> float:
        return float((prediction.double().argmax(dim=-1) == targets).double().mean())

    def metrics(self, prediction: Tensor, targets: Tensor) -> dict[str, float]:
        """Accuracy, macro F1, balanced accuracy, log-loss, and top-label calibration error in 15 bins."""
        probabilities = prediction.double().softmax(dim=-1)
        expected, found = targets.numpy(), probabilities.argmax(dim=-1).numpy()
        seen = np.unique(expected)
        calibration = multiclass_calibration_error(
            probabilities.float(), targets, num_classes=self.head_size, n_bins=15
        )
        return {
            "accuracy": float(metrics.accuracy_score(expected, found)),
            "macro_f1": float(
                metrics.f1_score(expected, found, labels=seen, average="macro", zero_division=0)
            ),
            "balanced_accuracy": float(
                metrics.recall_score(expected, found, labels=seen, average="macro", zero_division=0)
            ),
            "log_loss": float(F.cross_entropy(prediction.double(), targets)),
            "calibration_error": float(calibration),
        }
