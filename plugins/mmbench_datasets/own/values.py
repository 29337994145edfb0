"""Values as Python programs hold them: pictures of Pillow, sounds, text, numbers and lists."""

from __future__ import annotations

import io
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image

from mmbench_datasets.formats.audio import decode_audio, log_mel, resample
from mmbench_datasets.formats.images import to_array

__all__ = ["Decoder", "kind_of"]


@dataclass(frozen=True)
class Decoder:
    """How values are decoded, by kind; a value of another kind is a `TypeError` or a `ValueError`."""

    size: int
    rate: int
    seconds: float
    bands: int

    def image(self, value: Any) -> npt.NDArray[np.uint8]:
        if not isinstance(value, Image.Image):
            raise TypeError
        return to_array(value, self.size)

    def audio(self, value: Any) -> npt.NDArray[np.float32]:
        if isinstance(value, dict) and value.get("bytes"):
            signal = decode_audio(io.BytesIO(value["bytes"]), self.rate, self.seconds)
        else:
            samples = np.asarray(value["array"], dtype=np.float32)
            signal = resample(samples, int(value["sampling_rate"]), self.rate)
            signal = signal[: round(self.seconds * self.rate)]
        return log_mel(signal, self.rate, self.bands) if self.bands else signal[:, None]

    def array(self, value: Any) -> npt.NDArray[Any]:
        numbers = np.asarray(value)
        if numbers.dtype.kind not in "fiub" or not numbers.ndim:
            raise TypeError
        return numbers

    def number(self, value: Any) -> float:
        return float(value)

    def text(self, value: Any) -> str:
        if not isinstance(value, str):
            raise TypeError
        return value

    def category(self, value: Any) -> str:
        return str(value)


def kind_of(value: Any) -> str:
    """The kind of column that a value suggests."""
    if isinstance(value, Image.Image):
        return "image"
    if isinstance(value, str):
        return "text"
    if isinstance(value, bool | int | float | np.number):
        return "number"
    return "array" if isinstance(value, list | tuple | np.ndarray) else "audio"
