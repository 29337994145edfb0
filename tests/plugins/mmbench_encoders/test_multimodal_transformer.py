from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn

from mmbench.errors import BadParameter, UnknownName
from mmbench_encoders.multimodal_transformer import MultiModalTransformer
from mmbench_encoders.pretrained.tiny import tiny

IDS = torch.tensor([[2, 10, 11, 12, 3], [2, 20, 3, 0, 0], [2, 30, 31, 3, 0]])
MASK = (IDS > 0).long()


@pytest.fixture(scope="session", autouse=True)
def _library():
    pytest.importorskip("transformers")


@pytest.fixture(autouse=True)
def _cache(tmp_path_factory, monkeypatch):
    monkeypatch.setenv("MMBENCH_CACHE", str(tmp_path_factory.getbasetemp() / "multimodal"))


def pixels(size=28):
    return torch.rand(3, 3, size, size, generator=torch.Generator().manual_seed(1))


class Pair(nn.Module):
    """The difference of the two means, of modalities of one width."""

    def forward(self, features):
        return features["image"] - features["text"]


class Supervised(Pair):
    def forward(self, features, targets=None):
        return super().forward(features)


@pytest.mark.parametrize("fusion", ["aligned_average", "cross_attention", "bottleneck", "concat"])
def test_gradients_reach_both_transformers_and_the_fusion(fusion):
    model = MultiModalTransformer("tiny", "tiny", fusion=fusion, num_classes=4)
    loss = nn.functional.cross_entropy(model(IDS, MASK, pixels()), torch.tensor([0, 3, 1]))
    loss.backward()
    for name, parameter in model.named_parameters():
        assert parameter.grad is not None, name
        assert parameter.grad.isfinite().all(), name
    for part in ("encoders.@text", "encoders.@image", "fusion", "head"):
        sizes = [p.grad.abs().sum() for name, p in model.named_parameters() if part in name]
        assert sum(sizes) > 0, part


@pytest.mark.parametrize("fusion", ["aligned_average", "score_attention", "gated"])
def test_padding_does_not_matter(fusion):
    model = MultiModalTransformer(fusion=fusion).eval()
    noise = torch.where(MASK.bool(), IDS, 40)
    wider = nn.functional.pad(IDS, (0, 4))
    expected = model(IDS, MASK, pixels())
    torch.testing.assert_close(model(noise, MASK, pixels()), expected, atol=1e-5, rtol=1e-5)
    padded = model(wider, nn.functional.pad(MASK, (0, 4)), pixels())
    torch.testing.assert_close(padded, expected, atol=1e-5, rtol=1e-5)
    short = model(IDS[1:2, :3], MASK[1:2, :3], pixels()[1:2])
    torch.testing.assert_close(short, expected[1:2], atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize(("length", "size"), [(1, 28), (3, 14), (30, 28), (5, 42)])
def test_sequences_of_any_two_lengths_are_aligned(length, size):
    model = MultiModalTransformer(out_dim=6)
    ids = torch.randint(5, 40, (3, length))
    assert model(ids, torch.ones_like(ids), pixels(size)).shape == (3, 6)


def test_a_module_is_called_as_a_fusion_of_its_level():
    model = MultiModalTransformer(fusion=Pair(), out_dim=32, level="pooled").eval()
    outputs = model.outputs(IDS, MASK, pixels())
    text = model.model.encoders["@text"].model(input_ids=IDS, attention_mask=MASK)
    image = model.model.encoders["@image"].model(pixel_values=pixels())
    weight = MASK.unsqueeze(-1)
    mean = (text.last_hidden_state * weight).sum(dim=1) / weight.sum(dim=1)
    expected = image.last_hidden_state.mean(dim=1) - mean
    torch.testing.assert_close(outputs.prediction, expected, atol=1e-5, rtol=1e-5)
    torch.testing.assert_close(outputs.features["text"], mean, atol=1e-5, rtol=1e-5)


def test_weights_and_losses_of_the_fusion_can_be_asked_for():
    outputs = MultiModalTransformer().outputs(IDS, MASK, pixels())
    total = outputs.weights["image"] + outputs.weights["text"]
    np.testing.assert_allclose(total.detach(), np.ones(3), atol=1e-6)
    assert outputs.aux == {}


def test_saved_folders_give_their_weights_and_configurations_random_ones():
    from transformers import BertConfig, ViTConfig

    def text_weight(model):
        return model.model.encoders["@text"].model.embeddings.word_embeddings.weight

    folders = str(tiny("text")), str(tiny("image"))
    by_folder, by_name = MultiModalTransformer(*folders), MultiModalTransformer("tiny", "tiny")
    assert torch.equal(text_weight(by_folder), text_weight(by_name))
    small = {"num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 16}
    bert = BertConfig(vocab_size=50, hidden_size=24, **small)
    vit = ViTConfig(image_size=28, patch_size=14, hidden_size=16, **small)
    model = MultiModalTransformer(bert, vit, num_classes=5)
    assert model(IDS, MASK, pixels()).shape == (3, 5)
    assert text_weight(model).shape == (50, 24)


def test_it_trains_text_and_image_together():
    """A label that is the exclusive or of a word and of the picture's brightness."""
    torch.manual_seed(0)
    model = MultiModalTransformer(fusion="concat", num_classes=2)
    words, bright = torch.randint(0, 2, (2, 64))
    ids = torch.stack([torch.full((64,), 2), 10 + words, torch.full((64,), 3)], dim=1)
    images = bright.float()[:, None, None, None].expand(-1, 3, 28, 28)
    optimiser = torch.optim.AdamW(model.parameters(), lr=3e-3)
    for _ in range(60):
        logits = model(ids, torch.ones_like(ids), images)
        loss = nn.functional.cross_entropy(logits, words ^ bright)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    with torch.no_grad():
        found = model.eval()(ids, torch.ones_like(ids), images).argmax(dim=1)
    assert (found == words ^ bright).double().mean() > 0.95


@pytest.mark.parametrize(
    ("fusion", "level", "error", "message"),
    [
        ("concta", "tokens", UnknownName, "Did you mean 'concat'"),
        ("late_average", "tokens", BadParameter, "at the level 'logits'"),
        ("shuffled", "tokens", BadParameter, "all modalities"),
        (Supervised(), "pooled", BadParameter, "needs no targets. Found Supervised"),
        (Pair(), "logits", BadParameter, "`level` to be pooled or tokens"),
    ],
)
def test_a_fusion_that_cannot_stand_alone_is_refused(fusion, level, error, message):
    with pytest.raises(error, match=message):
        MultiModalTransformer(fusion=fusion, level=level)
