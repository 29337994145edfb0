"""What a task owns: its loss, the size of its head and its metrics."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any, ClassVar

import numpy.typing as npt
from torch import Tensor

__all__ = ["Task"]


class Task(ABC):
    """A kind of target. `fit` is called once, before anything else."""

    name: ClassVar[str]
    primary: ClassVar[str]
    greater_is_better: ClassVar[bool] = True
    stratify: ClassVar[bool] = False
    head_size: int

    @classmethod
    def oriented(cls, score: float) -> float:
        """The primary metric so that greater is better, and back again."""
        return score if cls.greater_is_better else -score

    @abstractmethod
    def fit(self, train: npt.NDArray[Any], everything: npt.NDArray[Any]) -> Task:
        """Learn scale from the training targets, and the number of classes from all of them.

        Raises:
            DataError: if the targets are not of this task.

        """

    @abstractmethod
    def encode(self, targets: npt.NDArray[Any]) -> Tensor:
        """Targets as the loss wants them."""

    @abstractmethod
    def loss(self, prediction: Tensor, targets: Tensor) -> Tensor:
        """Loss of each sample: prediction (B, head_size) and encoded targets to (B,)."""

    @abstractmethod
    def metrics(self, prediction: Tensor, targets: Tensor) -> dict[str, float]:
        """Every metric of predictions (N, head_size) against encoded targets."""

    def score(self, prediction: Tensor, targets: Tensor) -> float:
        """The primary metric alone, which validation asks for after every epoch."""
        return self.metrics(prediction, targets)[self.primary]
