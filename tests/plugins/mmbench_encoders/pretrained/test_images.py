from __future__ import annotations

import json
import shutil

import numpy as np
import pytest
import torch

from mmbench.errors import BadParameter, DataError
from mmbench_encoders.pretrained.backbones import load_model
from mmbench_encoders.pretrained.images import ImageBackbone, ImageReader
from mmbench_encoders.pretrained.tiny import tiny


@pytest.mark.parametrize(
    ("train", "value", "expected"),
    [
        (np.array([10, 30], dtype=np.uint8), 51, 0.2),
        (np.array([0.2, 0.7]), 0.5, 0.5),
        (np.array([0, 6], dtype=np.int16), 3, 0.5),
        (np.array([-3.0, 1.0]), -1.0, 0.5),
    ],
)
def test_pixels_become_0_to_1(train, value, expected):
    reader = ImageReader().fit(train.reshape(2, 1, 1, 1))
    found = reader.read(np.full((1, 1, 2, 2), value, dtype=train.dtype), None).values
    torch.testing.assert_close(found, torch.full((1, 3, 2, 2), expected))


@pytest.mark.parametrize("shape", [(2, 2, 4, 4), (2, 4, 4, 3)])
def test_another_number_of_channels_is_refused(shape):
    values = np.zeros(shape, dtype=np.uint8)
    with pytest.raises(DataError, match=r"\(N, 3, H, W\) or \(N, 1, H, W\)"):
        ImageReader().fit(values).read(values, None)


def test_pixels_that_are_not_finite_are_refused():
    reader = ImageReader().fit(np.zeros((1, 1, 2, 2)))
    with pytest.raises(DataError, match="finite pixels"):
        reader.read(np.full((1, 1, 2, 2), np.nan), None)


@pytest.fixture
def folder(tmp_path):
    """A tiny model with a processor of one's own."""

    def write(**processor):
        copied = tmp_path / "model"
        shutil.copytree(tiny("image"), copied)
        (copied / "preprocessor_config.json").write_text(json.dumps(processor))
        return copied

    return write


def test_tokens_are_the_models_of_the_normalised_image(folder):
    own = folder(size={"height": 28, "width": 28}, image_mean=[0.1, 0.2, 0.3], image_std=[2, 3, 4])
    model = load_model(own, "image")
    x = torch.rand(2, 3, 28, 28)
    tokens, mask = ImageBackbone(model, own, count=16)(x)
    mean, std = torch.tensor([0.1, 0.2, 0.3]), torch.tensor([2.0, 3.0, 4.0])
    pixels = (x - mean[:, None, None]) / std[:, None, None]
    torch.testing.assert_close(tokens, model(pixel_values=pixels).last_hidden_state)
    assert mask.all()


def test_another_size_is_reached_by_resizing_and_tokens_are_averaged_over_a_grid(folder):
    own = folder(size={"shortest_edge": 64}, crop_size=28, do_center_crop=True, do_normalize=False)
    backbone = ImageBackbone(load_model(own, "image"), own, count=4)
    assert backbone.size == 28
    grey = torch.full((1, 3, 50, 40), 0.25)
    tokens, mask = backbone(grey)
    whole = backbone.model(pixel_values=torch.full((1, 3, 28, 28), 0.25)).last_hidden_state
    assert tokens.shape == (1, 5, 32)
    torch.testing.assert_close(tokens[:, 0], whole[:, 0], atol=1e-5, rtol=1e-5)
    quarter = whole[:, 1:].reshape(1, 4, 4, 32)[:, :2, 2:].mean(dim=(1, 2))
    torch.testing.assert_close(tokens[:, 2], quarter, atol=1e-5, rtol=1e-5)
    assert mask.shape == (1, 5)


def test_positions_are_interpolated_where_the_user_names_a_size(tmp_path):
    from transformers import ViTConfig, ViTImageProcessorPil, ViTModel

    config = ViTConfig(
        hidden_size=16, num_hidden_layers=1, num_attention_heads=2, intermediate_size=16
    )
    ViTModel(config).save_pretrained(tmp_path)
    ViTImageProcessorPil().save_pretrained(tmp_path)
    backbone = ImageBackbone(load_model(tmp_path, "image"), tmp_path, count=4, size=64)
    assert backbone(torch.rand(1, 3, 32, 32))[0].shape == (1, 5, 16)


def test_a_convolutional_network_gives_a_token_for_each_position(tmp_path):
    from transformers import ConvNextConfig, ConvNextModel

    config = ConvNextConfig(hidden_sizes=[4, 6], depths=[1, 1], num_stages=2)
    ConvNextModel(config).save_pretrained(tmp_path)
    (tmp_path / "preprocessor_config.json").write_text('{"size": {"height": 32, "width": 32}}')
    backbone = ImageBackbone(load_model(tmp_path, "image"), tmp_path, count=16)
    assert backbone(torch.rand(2, 3, 32, 32))[0].shape == (2, 16, 6)


def test_a_model_without_its_processor_is_refused(tmp_path):
    own = tmp_path / "model"
    shutil.copytree(tiny("image"), own)
    (own / "preprocessor_config.json").unlink()
    with pytest.raises(BadParameter, match="preprocessor_config"):
        ImageBackbone(load_model(own, "image"), own, count=4)
