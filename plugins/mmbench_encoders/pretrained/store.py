"""Features of frozen models, kept on disk by the content of the samples."""

from __future__ import annotations

import hashlib
import os
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from filelock import FileLock
from torch import Tensor

__all__ = ["FeatureStore", "content_keys"]

_PART = 1024
"""Samples that are computed before they are written down: what an interruption costs."""


def content_keys(
    values: npt.NDArray[Any], mask: npt.NDArray[np.bool_] | None = None
) -> list[bytes]:
    """SHA-256 of each sample's raw value, of its real steps alone where there is a mask."""
    keys = []
    for place, value in enumerate(values):
        if isinstance(value, str):
            keys.append(hashlib.sha256(value.encode()).digest())
            continue
        real = np.ascontiguousarray(value if mask is None else value[mask[place]])
        state = hashlib.sha256(f"{real.dtype.str} {real.shape} ".encode())
        state.update(real.tobytes())
        keys.append(state.digest())
    return keys


class FeatureStore:
    """Rows `(T, D)` by key, in files that are written once and shared between processes.

    A file holds the keys of some samples, their numbers of tokens, and the tokens one behind the other.
    Only rows that are asked for are read.

    Args:
        folder: one for each model and way of reading; what a key stands for depends on both.

    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._places: dict[bytes, tuple[Path, int, int]] = {}
        self._seen: set[Path] = set()

    def rows(
        self, keys: Sequence[bytes], compute: Callable[[list[int]], list[Tensor]]
    ) -> list[Tensor]:
        """The row of each key.

        Args:
            keys: of N samples.
            compute: gives the rows of samples by their places among the N. Called for those that the
                store lacks, each content once, by one process at a time.

        """
        self._look()
        if not self._lacking(keys):
            return self._load(keys)
        self._folder.mkdir(parents=True, exist_ok=True)
        with FileLock(self._folder / "writing.lock"):
            self._look()
            lacking = self._lacking(keys)
            for start in range(0, len(lacking), _PART):
                part = lacking[start : start + _PART]
                self._write([keys[place] for place in part], compute(part))
        self._look()
        return self._load(keys)

    def _lacking(self, keys: Sequence[bytes]) -> list[int]:
        """The first place of each key that is not in the store."""
        first = {key: place for place, key in reversed(list(enumerate(keys)))}
        return sorted(place for key, place in first.items() if key not in self._places)

    def _look(self) -> None:
        """Note what lies in files that have appeared."""
        from safetensors import safe_open

        for path in sorted(set(self._folder.glob("*.safetensors")) - self._seen):
            with safe_open(path, "pt") as file:
                keys, counts = file.get_tensor("keys").numpy(), file.get_tensor("counts")
            ends = counts.cumsum(0).tolist()
            for key, count, end in zip(keys, counts.tolist(), ends, strict=True):
                self._places[key.tobytes()] = (path, end - count, end)
            self._seen.add(path)

    def _load(self, keys: Sequence[bytes]) -> list[Tensor]:
        from safetensors import safe_open

        rows: list[Tensor] = [torch.empty(0)] * len(keys)
        by_file: dict[Path, list[int]] = {}
        for place, key in enumerate(keys):
            by_file.setdefault(self._places[key][0], []).append(place)
        for path, places in by_file.items():
            with safe_open(path, "pt") as file:
                tokens = file.get_slice("tokens")
                for place in places:
                    _, start, end = self._places[keys[place]]
                    rows[place] = tokens[start:end]
        return rows

    def _write(self, keys: Sequence[bytes], rows: Sequence[Tensor]) -> None:
        from safetensors.torch import save_file

        state = {
            "keys": torch.from_numpy(np.frombuffer(b"".join(keys), np.uint8).copy()).reshape(
                -1, 32
            ),
            "counts": torch.tensor([len(row) for row in rows]),
            "tokens": torch.cat(list(rows)).contiguous(),
        }
        handle, draft = tempfile.mkstemp(dir=self._folder, suffix=".draft")
        os.close(handle)
        save_file(state, draft)
        name = hashlib.sha256(b"".join(keys)).hexdigest()[:16]
        Path(draft).replace(self._folder / f"{name}.safetensors")
