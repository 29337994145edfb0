"""Raw values to what a pretrained encoder is given: a frozen model's features, or its inputs."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from mmbench.data.preparation import InputSpec, Prepared
from mmbench_encoders.pretrained.backbones import kind_of, reader_for
from mmbench_encoders.pretrained.features import FrozenFeatures
from mmbench_encoders.pretrained.locate import locate

__all__ = ["Pretrained"]


class Pretrained:
    """What a pretrained encoder is given.

    Of a frozen model: its tokens `(N, T, D)` and their mask. Each channel is scaled so that the means
    over the training samples' tokens have zero mean and unit variance, since those means are what pooled
    fusions read; scaled by the variance of the tokens themselves, fewer recordings found their text.

    Of a model that is fine-tuned: ids `(N, T)`, pixels `(N, 3, H, W)` or series `(N, T, …)`, cut to the
    95th percentile of the training lengths.

    Args:
        model: `tiny`, `dinov2`, `minilm`, `whisper`, a folder, or a name on the Hugging Face hub.
        frozen: whether the model stays as it is.
        tokens: of a sample, at most; a class token is one more.
        rate: samples a second of recordings.
        size: pixels a side that images are resized to; 0 for the model's own.
        device: that a frozen model runs on.

    """

    def __init__(
        self,
        model: str = "tiny",
        frozen: bool = True,
        tokens: int = 16,
        rate: int = 16000,
        size: int = 0,
        device: str = "cpu",
    ) -> None:
        self.model, self.frozen, self.tokens = model, frozen, tokens
        self.rate, self.size, self.device = rate, size, device

    def fit(
        self, values: npt.NDArray[Any], mask: npt.NDArray[np.bool_] | None = None
    ) -> Pretrained:
        kind = kind_of(values)
        folder = locate(self.model, kind)
        self._reader = reader_for(kind, folder, values, self.rate)
        if self.frozen:
            self._features = FrozenFeatures(
                kind, folder, self._reader, self.tokens, self.size, self.device
            )
            self._fit_features(self._features.rows(values, mask))
        else:
            self._fit_inputs(self._reader.read(values, mask))
        return self

    def transform(
        self, values: npt.NDArray[Any], mask: npt.NDArray[np.bool_] | None = None
    ) -> Prepared:
        if not self.frozen:
            return _cut(self._reader.read(values, mask), self._length)
        rows = [(row - self._mean) / self._std for row in self._features.rows(values, mask)]
        padded = nn.utils.rnn.pad_sequence(rows, batch_first=True)
        lengths = torch.tensor([len(row) for row in rows])
        real = torch.arange(padded.shape[1]) < lengths[:, None]
        return _cut(Prepared(padded, real), self._length)

    @property
    def spec(self) -> InputSpec:
        return InputSpec(self._shape, vocabulary=0 if self.frozen else self._reader.vocabulary)

    def _fit_features(self, rows: list[Tensor]) -> None:
        self._length = max(1, *(len(row) for row in rows))
        written = [row for row in rows if len(row)] or [rows[0].new_zeros(1, rows[0].shape[1])]
        means = torch.stack([row.mean(dim=0, dtype=torch.float64) for row in written])
        self._mean = means.mean(dim=0).float()
        spread = means.std(dim=0, correction=0).float()
        self._std = torch.where(spread > 1e-8, spread, 1.0)
        self._shape = (self._length, means.shape[1])

    def _fit_inputs(self, prepared: Prepared) -> None:
        self._length = prepared.values.shape[1]
        if prepared.mask is not None:
            lengths = prepared.mask.sum(dim=1).numpy()
            self._length = max(1, math.ceil(np.percentile(lengths, 95)))
        self._shape = (self._length, *prepared.values.shape[2:])


def _cut(prepared: Prepared, length: int) -> Prepared:
    """With `length` steps; images have none."""
    if prepared.mask is None:
        return prepared
    steps = min(length, prepared.values.shape[1])
    values = prepared.values.new_zeros((len(prepared.values), length, *prepared.values.shape[2:]))
    mask = torch.zeros(len(values), length, dtype=torch.bool)
    values[:, :steps] = prepared.values[:, :steps]
    mask[:, :steps] = prepared.mask[:, :steps]
    return Prepared(values, mask)
