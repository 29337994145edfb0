"""Recordings as mono samples or as log-mel spectrograms."""

from __future__ import annotations

import math
import warnings
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import numpy.typing as npt

from mmbench_datasets.formats.optional import optional

__all__ = ["decode_audio", "features", "log_mel", "read_audio", "read_tensor", "resample"]

Floats = npt.NDArray[np.float32]

_WINDOW = 0.04
_HOP = 0.02
_FLOOR = 1e-6


def read_audio(path: Path, rate: int, seconds: float | None = None) -> Floats:
    """A recording as mono samples (T,) in [-1, 1] at `rate` per second; its first `seconds`, if given.

    Channels are averaged. Reads what libsndfile does: WAV, FLAC, OGG, MP3 and others.

    Raises:
        OSError: if the file cannot be opened.
        ValueError: if it is no sound, is empty, or holds numbers that are not finite.

    """
    with path.open("rb") as file:
        return decode_audio(file, rate, seconds)


def decode_audio(file: BinaryIO, rate: int, seconds: float | None = None) -> Floats:
    """The same of an open file, or of bytes in memory."""
    soundfile = optional("soundfile", "to decode audio")
    try:
        with soundfile.SoundFile(file) as sound:
            own = sound.samplerate
            frames = -1 if seconds is None else math.ceil(seconds * own)
            signal = sound.read(frames, dtype="float32", always_2d=True).mean(axis=1)
    except (soundfile.SoundFileError, RuntimeError) as error:
        raise ValueError(str(error)) from error
    if not len(signal) or not np.isfinite(signal).all():
        raise ValueError("no sound in it" if not len(signal) else "NaN or infinity in the signal")
    return resample(signal, own, rate)


def resample(signal: Floats, own: int, rate: int) -> Floats:
    """Samples (T,) taken `own` times a second, as if taken `rate` times; filtered against aliasing."""
    from scipy.signal import resample_poly

    if own == rate:
        return signal
    common = math.gcd(own, rate)
    resampled: Floats = resample_poly(signal, rate // common, own // common).astype(np.float32)
    return resampled


def read_tensor(path: Path) -> Floats:
    """A tensor saved by torch, as (T,) samples or (T, C) features; (1, T) is samples too.

    Raises:
        OSError: if the file cannot be opened.
        ValueError: if it holds anything else than one tensor of finite numbers. It is read without
            executing what a pickle may hold.

    """
    import torch

    with path.open("rb") as file, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of the pickle's protocol: it is read or refused
        try:
            tensor = torch.load(file, map_location="cpu", weights_only=True)
        except Exception as error:  # a damaged pickle raises whatever its opcodes happen to do
            reason = str(error).strip().partition("\n")[0]
            raise ValueError(f"not a plain tensor; nothing was executed: {reason}") from error
    if not isinstance(tensor, torch.Tensor):
        raise ValueError(f"{type(tensor).__name__} instead of one tensor")
    values: Floats = tensor.detach().float().numpy()
    values = values[0] if values.ndim == 2 and len(values) == 1 else values
    if values.ndim not in (1, 2) or not values.size or not np.isfinite(values).all():
        raise ValueError(f"shape {values.shape} or numbers that are not finite")
    return values


def features(path: Path, rate: int, seconds: float, bands: int) -> Floats:
    """A recording, or a tensor in a `.pt` file, as a series (T, C).

    Args:
        path: of the file. A tensor of samples (T,) is taken to be at `rate`; one of features (T, C)
            is kept as it is.
        rate: samples per second.
        seconds: what is kept of a longer recording.
        bands: of the log-mel spectrogram; 0 keeps the samples, as (T, 1).

    """
    if path.suffix.lower() == ".pt":
        signal = read_tensor(path)
        if signal.ndim == 2:
            return signal
        signal = signal[: math.ceil(seconds * rate)]
    else:
        signal = read_audio(path, rate, seconds)
    return log_mel(signal, rate, bands) if bands else signal[:, None]


def log_mel(signal: npt.NDArray[Any], rate: int, bands: int) -> Floats:
    """Logarithm of the power in mel bands, (T, bands): Hann windows of 40 ms, one every 20 ms.

    The bands are triangles of equal width on the mel scale 2595 log10(1 + f / 700) (O'Shaughnessy
    1987) from 0 to half the rate. A signal shorter than a window is padded with silence.
    """
    window, hop = round(_WINDOW * rate), round(_HOP * rate)
    signal = np.pad(signal, (0, max(0, window - len(signal))))
    frames = np.lib.stride_tricks.sliding_window_view(signal, window)[::hop]
    power = np.abs(np.fft.rfft(frames * np.hanning(window), axis=1)) ** 2 / window
    return np.log(power @ _triangles(window, rate, bands) + _FLOOR).astype(np.float32)


def _triangles(window: int, rate: int, bands: int) -> npt.NDArray[np.float64]:
    """Weight of each frequency in each band: (window // 2 + 1, bands)."""
    top = 2595 * np.log10(1 + rate / 2 / 700)
    edges = 700 * (10 ** (np.linspace(0, top, bands + 2) / 2595) - 1)
    frequencies = np.fft.rfftfreq(window, 1 / rate)[:, None]
    rising = (frequencies - edges[:-2]) / (edges[1:-1] - edges[:-2])
    falling = (edges[2:] - frequencies) / (edges[2:] - edges[1:-1])
    return np.maximum(0, np.minimum(rising, falling))
