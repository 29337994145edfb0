"""The tensors that a plugin's module is called with."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace

import torch
from torch import Tensor

__all__ = ["Batch"]


@dataclass(frozen=True)
class Batch:
    """B samples.

    Attributes:
        size: B.
        values: name -> `(B, …)`.
        masks: name -> `(B, T)`, true on real steps.
        presence: name -> `(B,)` bool.
        targets: `(B,)` classes.

    """

    size: int
    values: dict[str, Tensor]
    masks: dict[str, Tensor] = field(default_factory=dict)
    presence: dict[str, Tensor] = field(default_factory=dict)
    targets: Tensor | None = None

    def map_values(self, change: Callable[[Tensor], Tensor]) -> Batch:
        """With every floating-point value changed; token ids stay."""
        values = {
            name: change(x) if x.is_floating_point() else x for name, x in self.values.items()
        }
        return replace(self, values=values)

    def map(self, change: Callable[[Tensor], Tensor], size: int | None = None) -> Batch:
        """With every tensor changed, of whatever type."""
        return Batch(
            self.size if size is None else size,
            {name: change(x) for name, x in self.values.items()},
            {name: change(x) for name, x in self.masks.items()},
            {name: change(x) for name, x in self.presence.items()},
            None if self.targets is None else change(self.targets),
        )

    def cast(self, dtype: torch.dtype) -> Batch:
        return self.map_values(lambda x: x.to(dtype))

    def scaled(self, factor: float) -> Batch:
        return self.map_values(lambda x: x * factor)

    def to(self, device: torch.device | str) -> Batch:
        return self.map(lambda x: x.to(device))

    def row(self, index: int) -> Batch:
        """One sample."""
        return self.map(lambda x: x[index : index + 1], size=1)

    def turned(self) -> Batch:
        """The same, with the keys of every mapping in reverse order."""
        return replace(
            self,
            values=dict(reversed(self.values.items())),
            masks=dict(reversed(self.masks.items())),
            presence=dict(reversed(self.presence.items())),
        )

    def permuted(self, name: str) -> Batch:
        """With one modality moved on by one sample, its mask along with it."""
        masks = {key: x.roll(1, 0) if key == name else x for key, x in self.masks.items()}
        values = {key: x.roll(1, 0) if key == name else x for key, x in self.values.items()}
        return replace(self, values=values, masks=masks)

    def without(self, name: str, rows: Tensor) -> Batch:
        """With one modality absent in `rows` `(B,)`: zeros, a false mask and a false presence."""
        values = {key: _cleared(x, rows) if key == name else x for key, x in self.values.items()}
        masks = {key: _cleared(x, rows) if key == name else x for key, x in self.masks.items()}
        presence = {key: x & ~rows if key == name else x for key, x in self.presence.items()}
        return replace(self, values=values, masks=masks, presence=presence)

    def tracked(self) -> Batch:
        """With values that record gradients."""
        return self.map_values(lambda x: x.detach().clone().requires_grad_())


def _cleared(x: Tensor, rows: Tensor) -> Tensor:
    return x.masked_fill(rows.reshape(-1, *[1] * (x.ndim - 1)), 0)
