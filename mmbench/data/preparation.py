"""From raw values to tensors, by statistics of the training part alone."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from mmbench.errors import DataError

__all__ = ["InputSpec", "Preparation", "Prepared", "Standardise"]


@dataclass(frozen=True)
class InputSpec:
    """What an encoder is built for.

    Attributes:
        shape: of one prepared sample, without the batch axis.
        vocabulary: number of token ids where the sample is a sequence of ids, else 0.

    """

    shape: tuple[int, ...]
    vocabulary: int = 0


@dataclass(frozen=True)
class Prepared:
    """Tensors of N samples: `values` (N, …) and, where lengths differ, `mask` (N, T) true on real steps."""

    values: Tensor
    mask: Tensor | None = None


class Preparation(Protocol):
    """Turns raw values into tensors; fitted once, on the training part."""

    def fit(self, values: npt.NDArray[Any], mask: npt.NDArray[np.bool_] | None) -> Preparation:
        """Learn from the training part's raw values (N, …) and step mask (N, T)."""
        ...

    def transform(self, values: npt.NDArray[Any], mask: npt.NDArray[np.bool_] | None) -> Prepared:
        """Turn raw values of any part into tensors."""
        ...

    @property
    def spec(self) -> InputSpec:
        """What the encoder will be given."""
        ...


class Standardise:
    """Zero mean and unit variance per channel; an unknown value (NaN) becomes the mean.

    The channel axis is 1 for images (N, C, H, W), 2 for video (N, T, C, H, W) and the last elsewhere.
    """

    def fit(
        self, values: npt.NDArray[Any], mask: npt.NDArray[np.bool_] | None = None
    ) -> Standardise:
        numbers = self._numbers(values)
        self._shape = tuple(numbers.shape[1:])
        self._axis = {4: 1, 5: 2}.get(numbers.ndim, numbers.ndim - 1)
        channels = np.moveaxis(numbers, self._axis, -1)
        rows = channels[mask] if mask is not None and channels.ndim > 2 else channels
        rows = rows.reshape(-1, channels.shape[-1]).astype(np.float64)
        known = ~np.isnan(rows)
        count = np.maximum(known.sum(axis=0), 1)
        self._mean = np.where(known, rows, 0.0).sum(axis=0) / count
        spread = np.sqrt((np.where(known, rows - self._mean, 0.0) ** 2).sum(axis=0) / count)
        self._std = np.where(spread > 1e-8, spread, 1.0)
        return self

    def transform(
        self, values: npt.NDArray[Any], mask: npt.NDArray[np.bool_] | None = None
    ) -> Prepared:
        numbers = self._numbers(values)
        if tuple(numbers.shape[1:]) != self._shape:
            raise DataError(
                f"Expected samples of shape {self._shape}, as in the training part. "
                f"Found {tuple(numbers.shape[1:])}."
            )
        scaled = (np.moveaxis(numbers, self._axis, -1) - self._mean) / self._std
        scaled = np.nan_to_num(np.moveaxis(scaled, -1, self._axis), nan=0.0)
        prepared = torch.from_numpy(np.ascontiguousarray(scaled, dtype=np.float32))
        return Prepared(prepared, None if mask is None else torch.from_numpy(mask))

    @property
    def spec(self) -> InputSpec:
        return InputSpec(self._shape)

    @staticmethod
    def _numbers(values: npt.NDArray[Any]) -> npt.NDArray[Any]:
        if values.dtype.kind not in "fiub" or values.ndim < 2:
            raise DataError(
                f"Expected numbers of shape (N, …) with at least two axes. "
                f"Found {values.dtype} of shape {values.shape}."
            )
        if values.dtype.kind == "f" and np.isinf(values).any():
            raise DataError("Expected finite numbers or NaN. Found infinity.")
        return values
