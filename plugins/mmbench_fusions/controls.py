"""What fusing is measured against."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Protocol

import numpy as np
import torch
from torch import Tensor, nn

from mmbench.errors import unknown
from mmbench_fusions.operators import Concat

__all__ = ["Named", "Prior", "Shuffled", "Unimodal", "exchange"]


class Named(Protocol):
    """A task, as far as a fusion knows it."""

    name: str


class Prior(nn.Module):
    """What the training targets alone predict; it sees no input and trains nothing.

    Logarithms of the class frequencies for classification, log-odds of the label frequencies for
    multilabel targets, the mean for regression, zeros for retrieval. A class or label that never
    (or always) occurs among N samples counts as half a sample, so that logits are finite.
    """

    logits: Tensor

    def __init__(self, dims: Mapping[str, int], out_dim: int) -> None:
        super().__init__()
        self.register_buffer("logits", torch.zeros(out_dim))

    def initialise(self, task: Named, targets: Tensor) -> None:
        """Learn from the training targets, `(N,)` or `(N, K)`."""
        if task.name in _LOGITS:
            logits = _LOGITS[task.name](targets, len(self.logits))
            self.logits = logits.to(self.logits)

    def forward(self, batch_size: int) -> Tensor:
        """The same prediction `(C,)` for each of `batch_size` samples: `(B, C)`."""
        return self.logits.expand(batch_size, -1)


class Unimodal(Concat):
    """The body of concat on the one modality it is given."""


class Shuffled(Concat):
    """Concat with one modality exchanged between the samples of a batch.

    What it loses against concat is what the modality says about its own sample, beyond its mere
    distribution. Who receives whose features depends on the size of the batch only, so that results
    repeat. Nobody keeps its own, and the order is a scrambled one: neighbours in a dataset (windows
    of one recording, samples sorted by class) often share their target. Limits: a batch of one has
    nobody to exchange with, and some samples still receive features of their own class.
    """

    def __init__(
        self,
        dims: Mapping[str, int],
        out_dim: int,
        modality: str,
        hidden: int = 64,
        dropout: float = 0.1,
    ) -> None:
        super().__init__(dims, out_dim, hidden, dropout)
        if modality not in dims:
            raise unknown("modality", modality, dims)
        self.modality = modality

    def forward(self, features: Mapping[str, Tensor]) -> Tensor:
        own = features[self.modality]
        source = torch.as_tensor(exchange(len(own)), device=own.device)
        return super().forward({**features, self.modality: own.index_select(0, source)})


def exchange(size: int) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    """For each of `size` samples, whose features it is given: one cycle through all, at random."""
    order = np.random.default_rng(size).permutation(size)
    source = np.empty_like(order)
    source[order] = np.roll(order, 1)
    return source


def _class_logits(targets: Tensor, size: int) -> Tensor:
    counts = torch.bincount(targets.long(), minlength=size).double()
    return (counts.clamp(min=0.5) / len(targets)).log()


def _label_logits(targets: Tensor, size: int) -> Tensor:
    half = 0.5 / len(targets)
    return targets.double().mean(dim=0).clamp(half, 1 - half).logit()


def _mean(targets: Tensor, size: int) -> Tensor:
    return targets.double().reshape(len(targets), size).mean(dim=0)


_LOGITS: dict[str, Callable[[Tensor, int], Tensor]] = {
    "classification": _class_logits,
    "multilabel": _label_logits,
    "regression": _mean,
}
