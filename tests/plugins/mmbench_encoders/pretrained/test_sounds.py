from __future__ import annotations

import numpy as np
import pytest
import torch

from mmbench.errors import DataError
from mmbench_encoders.pretrained.backbones import load_model
from mmbench_encoders.pretrained.sounds import SoundBackbone, SoundReader, WhisperBackbone
from mmbench_encoders.pretrained.tiny import tiny


def tone(seconds, rate, channels=1):
    steps = np.arange(round(seconds * rate)) / rate
    return np.repeat(np.sin(2 * np.pi * 440 * steps)[:, None], channels, axis=1).astype(np.float32)


def test_frames_are_the_extractors_of_the_mean_channel():
    from transformers import WhisperFeatureExtractor

    stereo = tone(0.5, 16000, channels=2) + np.array([0.2, -0.2], dtype=np.float32)
    prepared = SoundReader(tiny("audio"), 16000).read(stereo[None], None)
    extractor = WhisperFeatureExtractor.from_pretrained(tiny("audio"))
    expected = extractor(tone(0.5, 16000)[:, 0], sampling_rate=16000, padding=False)
    expected = np.array(expected["input_features"][0]).T
    np.testing.assert_allclose(prepared.values[0], expected, atol=1e-4)
    assert prepared.mask.all()


def test_a_recording_at_another_rate_is_resampled():
    at_8k = SoundReader(tiny("audio"), 8000).read(tone(1, 8000)[None], None)
    at_16k = SoundReader(tiny("audio"), 16000).read(tone(1, 16000)[None], None)
    assert at_8k.values.shape == at_16k.values.shape == (1, 100, 20)
    loud = at_16k.values > 0
    inner = (slice(None), slice(5, 95))
    assert (at_8k.values - at_16k.values)[inner][loud[inner]].abs().max() < 0.05


def test_only_the_real_steps_are_read_and_short_ones_are_padded():
    values = np.stack([tone(0.5, 16000)] * 3)
    lengths = np.array([4000, 30, 0])
    prepared = SoundReader(tiny("audio"), 16000).read(values, np.arange(8000) < lengths[:, None])
    assert prepared.mask.sum(dim=1).tolist() == [25, 2, 0]
    alone = SoundReader(tiny("audio"), 16000).read(values[:1, :4000], None)
    assert torch.equal(prepared.values[0], alone.values[0])
    assert (prepared.values[1, 2:] == 0).all()


def test_series_without_a_channel_axis_are_refused():
    with pytest.raises(DataError, match=r"waveforms of shape \(N, T, C\)"):
        SoundReader(tiny("audio"), 16000).read(np.zeros((2, 100)), None)


def test_features_of_sound_are_no_recording():
    with pytest.raises(DataError, match="8 channels at most"):
        SoundReader(tiny("audio"), 16000).read(np.zeros((2, 100, 40)), None)


def test_thirty_seconds_give_what_the_librarys_encoder_gives():
    model = load_model(tiny("audio"), "audio")
    frames = torch.randn(1, 3000, 20)
    tokens, mask = WhisperBackbone(model, count=1500)(frames)
    assert mask.all()
    expected = model(frames.transpose(1, 2)).last_hidden_state
    torch.testing.assert_close(tokens, expected, atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("length", [0, 1, 6, 7])
def test_a_short_recording_is_the_same_alone_and_padded(length):
    backbone = WhisperBackbone(load_model(tiny("audio"), "audio"), count=99)
    frames = torch.randn(2, 12, 20)
    mask = torch.arange(12) < torch.tensor([[length], [12]])
    tokens, kept = backbone(frames, mask)
    assert kept.sum(dim=1).tolist() == [(length + 1) // 2, 6]
    assert tokens.isfinite().all()
    if length:
        alone, _ = backbone(frames[:1, :length])
        torch.testing.assert_close(tokens[0][kept[0]], alone[0], atol=1e-5, rtol=1e-5)


def test_models_that_read_waveforms_give_masks_at_their_own_rate(tmp_path):
    from transformers import Wav2Vec2Config, Wav2Vec2FeatureExtractor, Wav2Vec2Model

    config = Wav2Vec2Config(
        hidden_size=16,
        num_hidden_layers=1,
        num_attention_heads=2,
        intermediate_size=16,
        conv_dim=(8, 8),
        conv_stride=(5, 4),
        conv_kernel=(10, 8),
        num_conv_pos_embeddings=4,
        num_conv_pos_embedding_groups=2,
        feat_extract_norm="layer",
        do_stable_layer_norm=True,
    )
    Wav2Vec2Model(config).save_pretrained(tmp_path)
    Wav2Vec2FeatureExtractor(return_attention_mask=True).save_pretrained(tmp_path)
    values = np.stack([tone(0.1, 16000)] * 2)
    real = np.arange(1600) < np.array([[1600], [800]])
    prepared = SoundReader(tmp_path, 16000).read(values, real)
    backbone = SoundBackbone(load_model(tmp_path, "audio"), count=999)
    tokens, mask = backbone(prepared.values, prepared.mask)
    steps = [((n - 10) // 5 + 1 - 8) // 4 + 1 for n in (1600, 800)]
    assert mask.sum(dim=1).tolist() == steps
    assert tokens.shape == (2, steps[0], 16)
