from __future__ import annotations

import numpy as np
import pytest
import torch

from mmbench_encoders.pretrained.backbones import load_backbone, reader_for
from mmbench_encoders.pretrained.preparation import Pretrained
from mmbench_encoders.pretrained.tiny import tiny

RNG = np.random.default_rng(0)
TEXTS = np.array(["one", "two words", "", "three short words"] * 3, dtype=object)
IMAGES = RNG.integers(0, 256, (5, 3, 20, 20), dtype=np.uint8)
SOUNDS = RNG.normal(size=(5, 8000, 1)).astype(np.float32)


def test_the_means_over_the_training_samples_tokens_are_standardised():
    prepared = Pretrained().fit(TEXTS).transform(TEXTS)
    weight = prepared.mask.unsqueeze(-1)
    written = prepared.mask.any(dim=1)
    means = (prepared.values * weight).sum(dim=1)[written] / weight.sum(dim=1)[written]
    torch.testing.assert_close(means.mean(dim=0), torch.zeros(32), atol=1e-5, rtol=0)
    torch.testing.assert_close(means.std(dim=0, correction=0), torch.ones(32), atol=1e-4, rtol=0)


def test_statistics_are_those_of_the_training_part():
    preparation = Pretrained().fit(TEXTS[:2])
    before = preparation.transform(TEXTS[:2]).values
    preparation.transform(np.array(["something else"]))
    assert torch.equal(preparation.transform(TEXTS[:2]).values, before)
    assert not torch.equal(Pretrained().fit(TEXTS).transform(TEXTS[:2]).values, before)


def test_features_are_padded_behind_the_mask_and_cut_to_the_training_length():
    preparation = Pretrained(tokens=12).fit(TEXTS[:2])
    assert preparation.spec.shape == (10, 32)  # eight letters and two marks
    assert preparation.spec.vocabulary == 0
    prepared = preparation.transform(np.array(["a", "", "a very long text"]))
    assert prepared.values.shape == (3, 10, 32)
    assert prepared.mask.sum(dim=1).tolist() == [3, 0, 10]
    assert (prepared.values[~prepared.mask] == 0).all()


def test_texts_that_are_all_empty_can_be_fitted():
    preparation = Pretrained().fit(np.array(["", ""]))
    assert preparation.spec.shape == (1, 32)
    assert not preparation.transform(np.array([""])).mask.any()


def test_tokens_bounds_how_many_there_are():
    assert Pretrained(tokens=4).fit(IMAGES).spec.shape == (5, 32)  # a class token, and 2 by 2
    assert Pretrained(tokens=4).fit(SOUNDS).spec.shape == (4, 32)


@pytest.mark.parametrize(
    ("values", "shape", "ids"),
    [(TEXTS, (17,), True), (IMAGES, (3, 20, 20), False), (SOUNDS, (50, 20), False)],
    ids=["text", "image", "audio"],
)
def test_a_model_that_is_fine_tuned_is_given_what_its_reader_reads(values, shape, ids):
    preparation = Pretrained(frozen=False).fit(values)
    prepared = preparation.transform(values)
    assert preparation.spec.shape == prepared.values.shape[1:] == shape
    assert (preparation.spec.vocabulary > 0) == ids
    kind = {1: "text", 3: "image", 2: "audio"}[len(shape)]
    expected = reader_for(kind, tiny(kind), values, 16000).read(values, None)
    assert torch.equal(prepared.values, expected.values)
    if prepared.mask is not None:
        assert torch.equal(prepared.mask, expected.mask)


def test_inputs_are_cut_to_the_95th_percentile_of_the_training_lengths():
    texts = np.array(["a"] * 99 + ["a" * 40])
    preparation = Pretrained(frozen=False).fit(texts)
    prepared = preparation.transform(texts)
    assert preparation.spec.shape == (3,)
    assert prepared.mask.all()


def test_the_device_is_the_models(monkeypatch, fresh_cache):
    seen = []
    monkeypatch.setattr(
        "mmbench_encoders.pretrained.features.load_backbone",
        lambda *args: (_Recorder(load_backbone(*args)[0], seen), 32),
    )
    Pretrained(device="cpu").fit(TEXTS)
    assert seen == ["cpu"]


class _Recorder(torch.nn.Module):
    def __init__(self, inner, seen):
        super().__init__()
        self.inner, self.seen = inner, seen

    def to(self, device):
        self.seen.append(device)
        return super().to(device)

    def forward(self, x, mask):
        return self.inner(x, mask)
