from __future__ import annotations

import time

import numpy as np
import pytest
from sklearn.datasets import load_digits
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from mmbench.data.samples import Samples
from mmbench.errors import DataError

pytest.importorskip(
    "espeakng_loader", reason="the extra `speech` (eSpeak NG, GPL) is not installed"
)

from mmbench_datasets import av_digits
from mmbench_datasets.espeak import Utterance, speak


@pytest.fixture(scope="module")
def samples() -> Samples:
    return av_digits.load()


def test_shapes_and_digits(samples: Samples) -> None:
    speech, lengths = samples.inputs["speech"], samples.lengths["speech"]
    assert samples.inputs["image"].shape == (1797, 1, 8, 8)
    assert speech.shape == (1797, lengths.max(), 40)
    assert lengths.min() > 10
    assert np.array_equal(samples.targets, load_digits().target)
    assert samples.target_names[7] == "seven"
    for row, length in enumerate(lengths):
        assert speech[row, :length].any(axis=1).all()
        assert not speech[row, length:].any()


def test_images_are_the_digits_and_noise(samples: Samples) -> None:
    noise = samples.inputs["image"][:, 0] - load_digits().images
    assert noise.std() == pytest.approx(6, rel=0.01)
    assert abs(noise.mean()) < 0.1


def test_what_is_said_is_what_is_seen() -> None:
    clean = av_digits.load(blur=0.0, noise=0.0)
    assert spoken_accuracy(clean) > 0.98


def test_both_modalities_leave_something_to_gain(samples: Samples) -> None:
    image = samples.inputs["image"].reshape(1797, -1)
    assert accuracy(image, samples.targets) == pytest.approx(0.73, abs=0.03)
    assert spoken_accuracy(samples) == pytest.approx(0.89, abs=0.03)


def spoken_accuracy(samples: Samples) -> float:
    pairs = zip(samples.inputs["speech"], samples.lengths["speech"], strict=True)
    quarters = [np.array_split(frames[:length], 4) for frames, length in pairs]
    features = [np.concatenate([part.mean(axis=0) for part in parts]) for parts in quarters]
    return accuracy(np.stack(features), samples.targets)


def accuracy(features: np.ndarray, targets: np.ndarray) -> float:
    model = make_pipeline(StandardScaler(), LogisticRegression(C=0.05, max_iter=500))
    return float(cross_val_score(model, features, targets, cv=3).mean())


def test_the_same_is_said_the_same_way_at_any_time() -> None:
    asked = [Utterance(word, voice) for word in ("six", "zero") for voice in av_digits.VOICES]
    first = speak(asked)
    time.sleep(1.1)  # eSpeak would seed its hiss by the second
    for sound, again in zip(first, speak(asked), strict=True):
        assert np.array_equal(sound, again)


def test_rate_and_pitch_are_heard() -> None:
    slow, fast, high = speak(
        [Utterance("seven", rate=100), Utterance("seven", rate=300), Utterance("seven", pitch=99)]
    )
    assert slow.dtype == np.int16
    assert len(slow) > 1.5 * len(fast)
    assert pitch(high) > 1.3 * pitch(slow)


def pitch(sound: np.ndarray) -> float:
    """Hertz of the strongest periodicity between 60 and 400 Hz in the loudest tenth of a second."""
    loud = np.argmax(np.convolve(sound.astype(float) ** 2, np.ones(2205), mode="valid"))
    piece = sound[loud : loud + 2205].astype(float)
    similarity = np.correlate(piece, piece, mode="full")[2204:]
    lag = 55 + np.argmax(similarity[55:367])
    return float(22_050 / lag)


def test_an_unknown_voice_is_named() -> None:
    with pytest.raises(DataError, match=r"Expected a voice of eSpeak NG\. Found 'nobody\+f1'"):
        speak([Utterance("one", voice="nobody+f1")])
