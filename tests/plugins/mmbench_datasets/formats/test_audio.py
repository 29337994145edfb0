from __future__ import annotations

import io
import os
import pickle
import sys
from pathlib import Path

import numpy as np
import pytest
import soundfile
import torch

from mmbench.errors import PluginError
from mmbench_datasets.formats.audio import (
    decode_audio,
    features,
    log_mel,
    read_audio,
    read_tensor,
    resample,
)

RATE = 8000


def _tone(hertz: float, seconds: float = 0.5, rate: int = RATE) -> np.ndarray:
    return 0.5 * np.sin(2 * np.pi * hertz * np.arange(int(seconds * rate)) / rate)


def test_a_wav_is_read_sample_by_sample(tmp_path: Path) -> None:
    tone = _tone(440)
    soundfile.write(tmp_path / "a.wav", tone, RATE, subtype="FLOAT")
    found = read_audio(tmp_path / "a.wav", RATE)
    assert found.dtype == np.float32
    assert np.allclose(found, tone, atol=1e-7)
    assert np.array_equal(read_audio(tmp_path / "a.wav", RATE, seconds=0.1), found[:800])


def test_channels_are_averaged(tmp_path: Path) -> None:
    stereo = np.stack([_tone(440), np.zeros(4000)], axis=1)
    soundfile.write(tmp_path / "a.flac", stereo, RATE, subtype="PCM_24")
    assert np.allclose(read_audio(tmp_path / "a.flac", RATE), stereo[:, 0] / 2, atol=1e-6)


@pytest.mark.parametrize(("own", "rate"), [(16000, 8000), (8000, 16000), (44100, 16000)])
def test_resampling_keeps_a_tone_and_its_length_in_seconds(own: int, rate: int) -> None:
    found = resample(_tone(440, rate=own).astype(np.float32), own, rate)
    expected = _tone(440, rate=rate)
    assert len(found) == pytest.approx(len(expected), abs=1)
    middle = slice(len(expected) // 4, 3 * len(expected) // 4)  # the filter rings at both ends
    assert np.abs(found[middle] - expected[middle]).max() < 0.01


def test_resampling_down_removes_what_the_rate_cannot_hold() -> None:
    found = resample(_tone(6000, rate=16000).astype(np.float32), 16000, 8000)
    assert np.abs(found[500:-500]).max() < 0.02


def test_bytes_in_memory_are_read_like_a_file() -> None:
    buffer = io.BytesIO()
    soundfile.write(buffer, _tone(300), RATE, format="WAV", subtype="FLOAT")
    buffer.seek(0)
    assert np.allclose(decode_audio(buffer, RATE), _tone(300), atol=1e-7)


def test_a_tone_is_loudest_in_the_band_of_its_frequency() -> None:
    spectrogram = log_mel(_tone(1000), RATE, 20)
    assert spectrogram.shape == (24, 20)  # 0.5 s: windows of 320 samples every 160
    # Centres of the bands by the formula, worked independently: equal steps in mel from 0 to 4 kHz.
    top = 1127.01048 * np.log(1 + 4000 / 700)
    centres = 700 * (np.exp(np.arange(1, 21) * top / 21 / 1127.01048) - 1)
    assert set(spectrogram.argmax(axis=1)) == {int(np.abs(centres - 1000).argmin())}


def test_log_mel_is_the_weighted_power_of_each_window() -> None:
    signal = np.random.default_rng(0).normal(size=480)
    found = log_mel(signal, RATE, 6)
    frame = signal[160:480] * np.hanning(320)
    frequencies = np.arange(161) * RATE / 320
    power = np.array(
        [abs(sum(frame * np.exp(-2j * np.pi * k * np.arange(320) / 320))) ** 2 for k in range(161)]
    )
    top = 2595 * np.log10(1 + 4000 / 700)
    edges = [700 * (10 ** (top * step / 7 / 2595) - 1) for step in range(8)]
    for band in range(6):
        weights = np.interp(frequencies, edges[band : band + 3], [0, 1, 0])
        assert found[1, band] == pytest.approx(np.log(weights @ power / 320 + 1e-6), abs=1e-4)


def test_a_short_signal_gives_one_step() -> None:
    assert log_mel(np.ones(10), RATE, 8).shape == (1, 8)


def test_silence_is_finite() -> None:
    assert np.allclose(log_mel(np.zeros(1000), RATE, 8), np.log(1e-6))


def test_a_file_becomes_bands_or_samples(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "a.wav", _tone(440, 1.0), RATE, subtype="FLOAT")
    assert features(tmp_path / "a.wav", RATE, 0.5, 16).shape == (24, 16)
    assert np.allclose(features(tmp_path / "a.wav", RATE, 0.5, 0)[:, 0], _tone(440), atol=1e-7)


def test_tensors_are_samples_or_features(tmp_path: Path) -> None:
    wave, table = torch.arange(6.0) / 10, torch.arange(6.0).reshape(3, 2)
    for name, tensor in (("wave", wave), ("row", wave[None]), ("table", table)):
        torch.save(tensor, tmp_path / f"{name}.pt")
    assert np.array_equal(read_tensor(tmp_path / "wave.pt"), wave.numpy())
    assert np.array_equal(read_tensor(tmp_path / "row.pt"), wave.numpy())
    assert np.array_equal(features(tmp_path / "table.pt", RATE, 1.0, 40), table.numpy())
    assert features(tmp_path / "wave.pt", 4, 1.0, 0).tolist() == wave[:4, None].tolist()


def test_without_soundfile_the_extra_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    soundfile.write(tmp_path / "a.wav", _tone(440), RATE)
    monkeypatch.setitem(sys.modules, "soundfile", None)
    with pytest.raises(PluginError, match=r"'soundfile', to decode audio\. .*mmbench\[formats\]"):
        read_audio(tmp_path / "a.wav", RATE)


class _Payload:
    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return os.mkdir, (str(self.path),)


def test_a_hostile_tensor_is_refused_and_not_executed(tmp_path: Path) -> None:
    torch.save(_Payload(tmp_path / "owned"), tmp_path / "a.pt")
    (tmp_path / "b.pt").write_bytes(pickle.dumps(_Payload(tmp_path / "owned")))
    for name in ("a.pt", "b.pt"):
        with pytest.raises(ValueError, match="nothing was executed"):
            read_tensor(tmp_path / name)
    assert not (tmp_path / "owned").exists()


@pytest.mark.parametrize(
    "value", [{"a": 1}, torch.zeros(2, 2, 2), torch.zeros(0), torch.tensor([1.0, float("nan")])]
)
def test_what_is_not_one_tensor_of_finite_numbers_is_an_error(
    tmp_path: Path, value: object
) -> None:
    torch.save(value, tmp_path / "a.pt")
    with pytest.raises(ValueError, match=r"instead of one tensor|shape"):
        read_tensor(tmp_path / "a.pt")


def test_broken_sound_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "text.wav").write_text("no sound")
    soundfile.write(tmp_path / "empty.wav", np.zeros(0), RATE)
    soundfile.write(tmp_path / "nan.wav", np.full(9, np.nan), RATE, subtype="FLOAT")
    for name, reason in (
        ("text.wav", "Format not recognised"),
        ("empty.wav", "no sound"),
        ("nan.wav", "NaN"),
    ):
        with pytest.raises(ValueError, match=reason):
            read_audio(tmp_path / name, RATE)
    with pytest.raises(FileNotFoundError):
        read_audio(tmp_path / "missing.wav", RATE)
