"""Any number of labels per sample."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import torch
import torch.nn.functional as F
from sklearn import metrics
from torch import Tensor

from mmbench.errors import DataError
from mmbench.tasks.base import Task

__all__ = ["Multilabel"]


class Multilabel(Task):
    """Targets (N, K) of 0 and 1; predictions are logits (N, K)."""

    name = "multilabel"
    primary = "map"

    def fit(self, train: npt.NDArray[Any], everything: npt.NDArray[Any]) -> Task:
        if everything.ndim != 2 or not np.isin(everything, (0, 1)).all():
            raise DataError(
                f"Expected labels of 0 and 1, of shape (N, K). "
                f"Found {everything.dtype} of shape {everything.shape}."
            )
        self.head_size = everything.shape[1]
        return self

    def encode(self, targets: npt.NDArray[Any]) -> Tensor:
        return torch.from_numpy(targets.astype(np.float32))

    def loss(self, prediction: Tensor, targets: Tensor) -> Tensor:
        return F.binary_cross_entropy_with_logits(prediction, targets, reduction="none").mean(-1)

    def score(self, prediction: Tensor, targets: Tensor) -> float:
        expected = targets.numpy().astype(np.int64)
        occurring = expected.any(axis=0)
        if not occurring.any():
            return float("nan")
        scores = prediction.double().numpy()[:, occurring]
        return float(metrics.average_precision_score(expected[:, occurring], scores))

    def metrics(self, prediction: Tensor, targets: Tensor) -> dict[str, float]:
        """Mean average precision, micro and macro F1 at probability 0.5; means are over the labels that occur."""
        expected = targets.numpy().astype(np.int64)
        scores = prediction.double().numpy()
        found = (scores > 0).astype(np.int64)
        occurring = expected.any(axis=0)
        micro = float(metrics.f1_score(expected, found, average="micro", zero_division=0))
        if not occurring.any():
            return {"map": float("nan"), "micro_f1": micro, "macro_f1": float("nan")}
        expected, found, scores = expected[:, occurring], found[:, occurring], scores[:, occurring]
        macro = metrics.f1_score(expected, found, average="macro", zero_division=0)
        precision = metrics.average_precision_score(expected, scores, average="macro")
        return {"map": float(precision), "micro_f1": micro, "macro_f1": float(macro)}
