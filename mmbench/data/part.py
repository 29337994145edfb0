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
        weights: `(N,)`, how much each sample counts in the loss; None where all count the same.

    """

    inputs: dict[str, Tensor]
    masks: dict[str, Tensor]
    present: dict[str, Tensor]
    targets: Tensor
    weights: Tensor | None = None

    def __len__(self) -> int:
        return len(self.targets)

    @property
    def nbytes(self) -> int:
        """Memory that its tensors take."""
        named = (self.inputs, self.masks, self.present, {"": self.targets})
        return sum(values.nbytes for tensors in named for values in tensors.values())

    def take(self, index: Tensor) -> Part:
        """The samples at `index`, copied."""
        return Part(
            {name: values[index] for name, values in self.inputs.items()},
            {name: values[index] for name, values in self.masks.items()},
            {name: values[index] for name, values in self.present.items()},
            self.targets[index],
            None if self.weights is None else self.weights[index],
        )

    def repeated(self, size: int) -> Part:
        """The first `size` samples, over again where there are fewer."""
        return self.take(torch.arange(size, device=self.targets.device) % len(self))

    def without(self, *names: str) -> Part:
        """The same samples with modalities absent: zeros, and false wherever the model asks."""
        nowhere = torch.zeros(len(self), dtype=torch.bool, device=self.targets.device)
        return Part(
            {name: torch.zeros_like(x) if name in names else x for name, x in self.inputs.items()},
            {
                name: torch.zeros_like(mask) if name in names else mask
                for name, mask in self.masks.items()
            },
            self.present | dict.fromkeys(names, nowhere),
            self.targets,
            self.weights,
        )

    def to(self, device: torch.device | str) -> Part:
        """The same samples on another device."""
        return Part(
            {name: values.to(device) for name, values in self.inputs.items()},
            {name: values.to(device) for name, values in self.masks.items()},
            {name: values.to(device) for name, values in self.present.items()},
            self.targets.to(device),
            None if self.weights is None else self.weights.to(device),
        )

    def batches(self, size: int) -> Iterator[Part]:
        """Consecutive batches of at most `size` samples."""
        for start in range(0, len(self), size):
            stop = min(start + size, len(self))
            yield self.take(torch.arange(start, stop, device=self.targets.device))
