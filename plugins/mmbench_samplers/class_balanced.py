"""Classes of one size, by over-sampling or by weights."""

from __future__ import annotations

import torch
from torch import Tensor

from mmbench import Sampling
from mmbench.data.part import Part
from mmbench.errors import BadParameter, NotApplicable
from mmbench.tasks import Task
from mmbench_samplers.draws import draw

__all__ = ["ClassBalanced"]


class ClassBalanced(Sampling):
    """A sample's chance, or its weight in the loss, is N / (K · samples of its class).

    With K classes seen in the training part, each has the same expected share of an epoch. In a
    multi-label task a sample counts as its rarest label, and those without a label are a class.
    He & Garcia 2009, IEEE TKDE 21(9), review both ways.

    Args:
        by: `sampling` draws an epoch of N samples with replacement; `weights` visits each once.

    """

    def __init__(self, by: str = "sampling") -> None:
        if by not in ("sampling", "weights"):
            raise BadParameter(f"Expected `by` to be sampling or weights. Found {by!r}.")
        self.by = by

    def fit(self, train: Part, task: Task) -> None:
        """Count the classes of the training part.

        Raises:
            NotApplicable: if targets are no classes or labels.

        """
        super().fit(train, task)
        if task.name not in ("classification", "multilabel"):
            raise NotApplicable(
                f"Expected a task with classes or labels to balance. Found {task.name}."
            )
        targets = train.targets.cpu()
        classes = targets if targets.dim() == 1 else _rarest(targets)
        _, place, counts = torch.unique(classes, return_inverse=True, return_counts=True)
        self.balance = len(classes) / (len(counts) * counts[place].float())

    def epoch(self, generator: torch.Generator) -> Tensor:
        if self.by == "sampling":
            return draw(self.balance, generator)
        return super().epoch(generator)

    def weights(self) -> Tensor | None:
        return self.balance if self.by == "weights" else None


def _rarest(labels: Tensor) -> Tensor:
    """The place of each sample's rarest label, (N, K) to (N,); K where it has none."""
    counts = labels.sum(dim=0).expand_as(labels)
    found = torch.where(labels > 0, counts, torch.inf).argmin(dim=1)
    return torch.where(labels.sum(dim=1) > 0, found, labels.shape[1])
