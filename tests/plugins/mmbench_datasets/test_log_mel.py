from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.signal import spectrogram

from mmbench_datasets.log_mel import log_mel, mel_filters


@pytest.mark.parametrize(("rate", "window"), [(8000, 256), (22050, 512)])
def test_filters_are_triangles_that_share_every_frequency(rate: int, window: int) -> None:
    filters = mel_filters(rate, 40, window)
    assert filters.shape == (window // 2 + 1, 40)
    assert filters.min() == 0
    assert filters.max() <= 1
    assert (filters.sum(axis=0) > 0.5).all()  # no band is empty
    peaks = 700 * (10 ** (np.arange(1, 41) / 41 * np.log10(1 + rate / 2 / 700)) - 1)
    frequencies = np.arange(window // 2 + 1) * rate / window
    inside = (frequencies >= peaks[0]) & (frequencies <= peaks[-1])
    assert filters[inside].sum(axis=1) == pytest.approx(np.ones(inside.sum()))


def test_power_is_scipy_s() -> None:
    sound = np.random.default_rng(0).normal(scale=0.1, size=2000)
    *_, density = spectrogram(
        sound, 8000, window="hann", nperseg=256, noverlap=128, detrend=False, scaling="spectrum"
    )
    density[1:-1] /= 2  # scipy adds the power of negative frequencies
    expected = np.log(density.T @ mel_filters(8000, 40, 256) + 1e-6)
    assert log_mel(sound, 8000) == pytest.approx(expected, abs=1e-3)


@pytest.mark.parametrize("hertz", [250, 1000, 3000])
def test_a_tone_is_loudest_in_its_band(hertz: int) -> None:
    frames = log_mel(np.sin(2 * np.pi * hertz * np.arange(4000) / 8000), 8000)
    mel = 2595 * np.log10(1 + hertz / 700)
    band = mel / (2595 * np.log10(1 + 4000 / 700)) * 41 - 1
    assert abs(frames.mean(axis=0).argmax() - band) <= 0.5


def test_silence_is_the_floor_and_short_sound_one_frame() -> None:
    assert log_mel(np.zeros(10), 8000) == pytest.approx(np.full((1, 40), np.log(1e-6)))


@given(length=st.integers(1, 2000))
def test_frames_lie_within_the_sound(length: int) -> None:
    frames = log_mel(np.ones(length), 8000)
    assert frames.shape == (max(0, length - 256) // 128 + 1, 40)
    assert frames.dtype == np.float32
