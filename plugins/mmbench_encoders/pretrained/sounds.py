"""Recordings to the tokens of a pretrained audio model."""

from __future__ import annotations

import inspect
import math
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
import torch.nn.functional as F
from scipy.signal import resample_poly
from torch import Tensor, nn

from mmbench.data.preparation import Prepared
from mmbench.errors import DataError
from mmbench_encoders.pretrained.huggingface import transformers
from mmbench_encoders.pretrained.shorten import shorten

__all__ = ["SoundBackbone", "SoundReader", "WhisperBackbone"]

_SHORTEST = 0.025
"""Seconds: one window of the models' own front ends, without which they have nothing to read."""
_CHANNELS = 8
"""Of a recording, at most: what has more is features of sound, such as log-mel frames."""


class SoundReader:
    """Waveforms `(N, T, C)` to the series that the model's own feature extractor makes of them.

    Channels are averaged and the waveform is resampled to the rate the model was trained on. What is
    shorter than 25 ms is padded with silence. Whisper's series are log-mel frames, of 30 seconds at most.

    Args:
        folder: of the model.
        rate: samples a second of the recordings.

    """

    vocabulary = 0

    def __init__(self, folder: Path, rate: int) -> None:
        self._folder = folder
        self._rate = rate
        self.settings = (rate,)

    @cached_property
    def _extractor(self) -> Any:
        return transformers().AutoFeatureExtractor.from_pretrained(
            self._folder, local_files_only=True, trust_remote_code=False
        )

    def read(self, values: npt.NDArray[Any], mask: npt.NDArray[np.bool_] | None) -> Prepared:
        """Series `(N, T', …)` float32, padded with zeros, and their mask `(N, T')`."""
        if values.ndim != 3 or values.dtype.kind not in "fiub":
            raise DataError(
                f"Expected waveforms of shape (N, T, C). Found {values.dtype} of shape {values.shape}."
            )
        if values.shape[2] > _CHANNELS:
            raise DataError(
                f"Expected waveforms of {_CHANNELS} channels at most. Found {values.shape[2]}, as features of "
                f"sound have. Give the recordings themselves, as some datasets do by features=waveform."
            )
        heard = [x if mask is None else x[mask[place]] for place, x in enumerate(values)]
        series = [self._extract(waveform) for waveform in heard]
        padded = nn.utils.rnn.pad_sequence(series, batch_first=True)
        lengths = torch.tensor([len(x) * bool(len(w)) for x, w in zip(series, heard, strict=True)])
        return Prepared(padded, torch.arange(padded.shape[1]) < lengths[:, None])

    def _extract(self, waveform: npt.NDArray[Any]) -> Tensor:
        """`(T, C)` -> `(T', …)`."""
        mono = np.nan_to_num(waveform.astype(np.float64)).mean(axis=1)
        rate = int(self._extractor.sampling_rate)
        common = math.gcd(rate, self._rate)
        up, down = rate // common, self._rate // common
        wave = resample_poly(mono, up, down) if len(mono) else mono
        wave = np.pad(wave, (0, max(0, round(_SHORTEST * rate) - len(wave))))
        found = self._extractor(
            wave.astype(np.float32), sampling_rate=rate, padding=False, return_tensors="np"
        )[self._extractor.model_input_names[0]][0]
        by_frame = found.T if type(self._extractor).__name__ == "WhisperFeatureExtractor" else found
        return torch.from_numpy(np.ascontiguousarray(by_frame, dtype=np.float32))


class SoundBackbone(nn.Module):
    """Series `(B, T, …)` and mask `(B, T)` to tokens `(B, T', D)` and mask, T' at most `count`."""

    def __init__(self, model: Any, count: int) -> None:
        super().__init__()
        self.model = model
        self.count = count
        self._name = model.main_input_name
        self._takes_mask = "attention_mask" in inspect.signature(model.forward).parameters

    def forward(self, x: Tensor, mask: Tensor | None = None) -> tuple[Tensor, Tensor]:
        if mask is None:
            mask = torch.ones(x.shape[:2], dtype=torch.bool, device=x.device)
        seen = mask | ~mask.any(dim=1, keepdim=True)
        more = {"attention_mask": seen.long()} if self._takes_mask else {}
        found = self.model(**{self._name: x}, **more).last_hidden_state
        return shorten(found, self._downsampled(mask, found.shape[1]), self.count)

    def _downsampled(self, mask: Tensor, steps: int) -> Tensor:
        """Which of the model's steps are real, `(B, steps)`."""
        own = getattr(self.model, "_get_feature_vector_attention_mask", None)
        if own is None:
            return mask.any(dim=1, keepdim=True).expand(-1, steps)
        real: Tensor = own(steps, mask.long()).bool()
        return real & mask.any(dim=1, keepdim=True)


class WhisperBackbone(nn.Module):
    """Log-mel frames `(B, F, C)` and mask `(B, F)` to tokens `(B, T', D)` and mask, T' at most `count`.

    Whisper's encoder was trained on 30 seconds, silence included, and refuses less. Here its two
    convolutions read what there is, the positions are the first ones, and attention is kept from the
    padding, so that a short recording costs what it is long and is the same in any batch.
    """

    def __init__(self, model: Any, count: int) -> None:
        super().__init__()
        self.model = model
        self.count = count

    def forward(self, x: Tensor, mask: Tensor | None = None) -> tuple[Tensor, Tensor]:
        if mask is None:
            mask = torch.ones(x.shape[:2], dtype=torch.bool, device=x.device)
        real = mask.unsqueeze(1)
        states = F.gelu(self.model.conv1(x.transpose(1, 2).masked_fill(~real, 0.0)))
        states = F.gelu(self.model.conv2(states.masked_fill(~real, 0.0))).transpose(1, 2)
        mask = mask[:, ::2]
        states = states + self.model.embed_positions.weight[: states.shape[1]]
        hidden = torch.zeros_like(mask, dtype=states.dtype)
        hidden = hidden.masked_fill(~mask, torch.finfo(states.dtype).min)[:, None, None]
        for layer in self.model.layers:
            states = layer(states, hidden.expand(-1, 1, states.shape[1], -1))
        return shorten(self.model.layer_norm(states), mask, self.count)
