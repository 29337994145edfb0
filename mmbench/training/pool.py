"""The same part of the data of several trainings, as one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor
from torch.utils._pytree import tree_map

from mmbench.data.part import Part

__all__ = ["Pool", "packed", "unpacked"]


class Pool:
    """Parts of K lanes, of one shape: a tensor `(K, N, …)` for each of theirs.

    Batches are nested dictionaries, which `vmap` can walk; see `packed`.
    """

    def __init__(self, parts: Sequence[Part]) -> None:
        every = [packed(part) for part in parts]
        self._given: dict[str, Any] = tree_map(lambda *each: torch.stack(each), *every)
        self.lanes, self.samples = len(parts), len(parts[0])

    def take(self, index: Tensor) -> dict[str, Any]:
        """The samples at `index` `(K, B)` of each lane, copied: `(K, B, …)`."""
        starts = torch.arange(self.lanes, device=index.device) * self.samples
        flat = (index + starts[:, None]).flatten()
        found: dict[str, Any] = tree_map(
            lambda values: values.flatten(0, 1).index_select(0, flat).unflatten(0, index.shape),
            self._given,
        )
        return found

    def between(self, start: int, stop: int) -> dict[str, Any]:
        """The samples from `start` to `stop` of each lane, not copied."""
        found: dict[str, Any] = tree_map(lambda values: values[:, start:stop], self._given)
        return found

    def keep(self, places: list[int]) -> None:
        """Go on with some lanes."""
        self._given = tree_map(lambda values: values[places], self._given)
        self.lanes = len(places)


def packed(part: Part) -> dict[str, Any]:
    """A part as nested dictionaries of tensors."""
    return {
        "inputs": part.inputs,
        "masks": part.masks,
        "present": part.present,
        "targets": part.targets,
        "weights": {} if part.weights is None else {"": part.weights},
    }


def unpacked(given: dict[str, Any]) -> Part:
    """What `packed` made of a part, as a part."""
    weights = given["weights"].get("")
    return Part(given["inputs"], given["masks"], given["present"], given["targets"], weights)
