"""One part of a dataset as tensors."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import Tensor

__all__ = ["Part"]


@dataclass(frozen=True)
class Part:
    """N samples on one device.

    Attributes:
        inputs: modality -> `(N, …)`.
        masks: modality -> `(N, T)`, true on real steps, for modalities whose lengths differ.
        present: modality -> `(N,)` bool, for modalities that can be absent.
        targets: `(N,)` or `(N, K)`, as the task encodes them.

    """

    inputs: dict[str, Tensor]
    masks: dict[str, Tensor]
    present: dict[str, Tensor]
    targets: Tensor

    def __len__(self) -> int:
        return len(self.targets)

    def take(self, index: Tensor) -> Part:
        """The samples at `index`, copied."""
        return Part(
            {name: values[index] for name, values in self.inputs.items()},
            {name: values[index] for name, values in self.masks.items()},
            {name: values[index] for name, values in self.present.items()},
            self.targets[index],
        )

    def to(self, device: torch.device | str) -> Part:
        """The same samples on another device."""
        return Part(
            {name: values.to(device) for name, values in self.inputs.items()},
            {name: values.to(device) for name, values in self.masks.items()},
            {name: values.to(device) for name, values in self.present.items()},
            self.targets.to(device),
        )

    def batches(self, size: int) -> Iterator[Part]:
        """Consecutive batches of at most `size` samples."""
        for start in range(0, len(self), size):
            stop = min(start + size, len(self))
            yield self.take(torch.arange(start, stop, device=self.targets.device))
