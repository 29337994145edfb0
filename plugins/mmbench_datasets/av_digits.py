"""Digits that are seen and heard: handwriting with synthetic speech of the same digit."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from sklearn.datasets import load_digits

from mmbench.data.samples import Samples
from mmbench_datasets.espeak import RATE, Utterance, speak
from mmbench_datasets.log_mel import log_mel
from mmbench_datasets.padding import padded

__all__ = ["load"]

WORDS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
VOICES = tuple(
    f"{accent}+{variant}"
    for accent in ("en", "en-us", "en-gb-scotland")
    for variant in ("f1", "f2", "f3", "f4", "m1", "m2", "m3", "m4")
)
LOUDEST = 2.0**15


def load(seed: int = 0, blur: float = 6.0, noise: float = 0.4) -> Samples:
    """1,797 digits: `image` (N, 1, 8, 8) float32 and `speech`, a log-mel spectrogram (N, T, 40).

    Images are scikit-learn's (UCI Optical Recognition of Handwritten Digits; ink 0 to 16). Each is spoken
    by a voice of its own: one of 24, with a pitch and a speed that vary. Frames are 23 ms long, every
    12 ms, with `lengths`. Both modalities are made worse, so that fusing has something to gain, as in
    the audio-visual MNIST of Vielzeuf 2018, arXiv:1808.07275.

    Args:
        seed: of voices and noise.
        blur: standard deviation of the noise on the ink of a pixel.
        noise: standard deviation of white noise on the sound, whose full scale is 1.

    Raises:
        DataError: if eSpeak NG cannot speak.

    """
    digits = load_digits()
    rng = np.random.default_rng(seed)
    images = digits.images[:, None] + blur * rng.normal(size=(len(digits.target), 1, 8, 8))
    sounds = speak([_utterance(digit, rng) for digit in digits.target])
    frames = [log_mel(_noisy(x, noise, rng), RATE, window=512, hop=256) for x in sounds]
    speech, lengths = padded(frames)
    return Samples(
        {"image": images.astype(np.float32), "speech": speech},
        targets=digits.target.astype(np.int64),
        target_names=WORDS,
        lengths={"speech": lengths},
    )


def _utterance(digit: int, rng: np.random.Generator) -> Utterance:
    return Utterance(
        WORDS[digit],
        voice=str(rng.choice(VOICES)),
        rate=int(rng.integers(140, 221)),
        pitch=int(rng.integers(20, 81)),
    )


def _noisy(sound: npt.NDArray[Any], noise: float, rng: np.random.Generator) -> npt.NDArray[Any]:
    noisy: npt.NDArray[Any] = sound / LOUDEST + noise * rng.normal(size=len(sound))
    return noisy
