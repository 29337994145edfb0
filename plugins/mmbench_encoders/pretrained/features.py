"""Tokens that a frozen model gives, computed once for each content."""

from __future__ import annotations

import math
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from mmbench.data.preparation import Prepared
from mmbench.data.vendored import fingerprint
from mmbench.jobs import digest
from mmbench_encoders.pretrained.backbones import Reader, load_backbone
from mmbench_encoders.pretrained.folders import cache_folder
from mmbench_encoders.pretrained.store import FeatureStore, content_keys

__all__ = ["FrozenFeatures"]

_VERSION = 1
"""Of what features are; raise it when the code that computes them changes them."""
_BATCH = 32
_READ = (".json", ".model", ".safetensors", ".txt")
"""Endings of the files that a model is read from."""


class FrozenFeatures:
    """A frozen model's tokens of raw values, from the cache folder where they are known.

    Args:
        kind: `text`, `image` or `audio`.
        folder: of the model, which is loaded when it is first needed.
        reader: from raw values to what the model reads.
        tokens: of a sample, at most; a class token is one more.
        size: pixels a side that images are resized to; 0 for the model's own.
        device: that the model runs on.

    """

    def __init__(
        self, kind: str, folder: Path, reader: Reader, tokens: int, size: int, device: str
    ) -> None:
        self._kind, self._folder, self._reader = kind, folder, reader
        self._tokens, self._size, self._device = tokens, size, device
        known_by = digest([_VERSION, _contents(folder), kind, tokens, size, reader.settings])
        self._store = FeatureStore(cache_folder() / "features" / known_by)

    def rows(self, values: npt.NDArray[Any], mask: npt.NDArray[np.bool_] | None) -> list[Tensor]:
        """Tokens `(T_n, D)` of each sample, given raw values (N, …) and step mask (N, T)."""

        def compute(places: list[int]) -> list[Tensor]:
            chosen = np.array(places)
            real = None if mask is None else mask[chosen]
            return self._encode(self._reader.read(values[chosen], real))

        return self._store.rows(content_keys(values, mask), compute)

    @cached_property
    def _backbone(self) -> nn.Module:
        backbone, _ = load_backbone(self._kind, self._folder, self._tokens, self._size)
        return backbone.to(self._device)

    @torch.inference_mode()
    def _encode(self, prepared: Prepared) -> list[Tensor]:
        """Batches hold samples of one length, so that none is padded."""
        x, mask = prepared.values, prepared.mask
        lengths = np.full(len(x), x.shape[1]) if mask is None else mask.sum(dim=1).numpy()
        rows: dict[int, Tensor] = {}
        for length in np.unique(lengths).tolist():
            for places in _batches(np.flatnonzero(lengths == length)):
                batch = x[places, : max(length, 1)].to(self._device)
                real = None if mask is None else mask[places, : max(length, 1)].to(self._device)
                tokens, kept = self._backbone(batch, real)
                for place, found, there in zip(places.tolist(), tokens, kept, strict=True):
                    rows[place] = found[there].cpu()
        return [rows[place] for place in range(len(x))]


def _batches(places: npt.NDArray[Any]) -> list[npt.NDArray[Any]]:
    return np.array_split(places, math.ceil(len(places) / _BATCH))


@lru_cache(maxsize=8)
def _contents(folder: Path) -> str:
    """SHA-256 of a model's files."""
    files = [path for path in folder.iterdir() if path.suffix in _READ]
    return fingerprint({str(path): "" for path in files})
