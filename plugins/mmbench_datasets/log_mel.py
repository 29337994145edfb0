"""Log-mel spectrograms of sound."""

from __future__ import annotations

from functools import lru_cache
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

__all__ = ["log_mel", "mel_filters"]

Reals: TypeAlias = npt.NDArray[np.float32]

FLOOR = 1e-6
"""Power that silence has: 60 dB below full scale."""


def log_mel(
    sound: npt.NDArray[Any], rate: int, bands: int = 40, window: int = 256, hop: int = 128
) -> Reals:
    """Natural logarithm of the power in mel bands: (T,) in [−1, 1] to (frames, bands).

    Frames are Hann windows that lie within the sound; one shorter than a window is padded with
    silence. Mel scale: 2595 · log10(1 + f / 700 Hz), O'Shaughnessy 1987.

    Args:
        sound: one channel.
        rate: samples per second.
        bands: triangular filters from 0 to half the rate, equally wide in mel.
        window: samples of a frame.
        hop: samples between frames.

    """
    padded = np.pad(sound.astype(np.float32), (0, max(0, window - len(sound))))
    frames = np.lib.stride_tricks.sliding_window_view(padded, window)[::hop]
    hann = np.hanning(window + 1)[:-1].astype(np.float32)
    power = np.abs(np.fft.rfft(frames * hann, axis=1)) ** 2 / hann.sum() ** 2
    logarithm: Reals = np.log(power @ mel_filters(rate, bands, window) + FLOOR).astype(np.float32)
    return logarithm


@lru_cache(maxsize=8)
def mel_filters(rate: int, bands: int, window: int) -> npt.NDArray[np.float64]:
    """Weights (window / 2 + 1 frequencies, bands): triangles that peak at 1."""
    frequencies = np.fft.rfftfreq(window, 1 / rate)
    top = 2595 * np.log10(1 + rate / 2 / 700)
    edges = 700 * (10 ** (np.linspace(0, top, bands + 2) / 2595) - 1)
    low, peak, high = edges[:-2], edges[1:-1], edges[2:]
    rising = (frequencies[:, None] - low) / (peak - low)
    falling = (high - frequencies[:, None]) / (high - peak)
    return np.clip(np.minimum(rising, falling), 0, None)
