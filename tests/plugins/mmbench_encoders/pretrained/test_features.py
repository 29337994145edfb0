from __future__ import annotations

import shutil

import numpy as np
import pytest
import torch

from mmbench_encoders.pretrained import features as module
from mmbench_encoders.pretrained.backbones import load_backbone, reader_for
from mmbench_encoders.pretrained.features import FrozenFeatures
from mmbench_encoders.pretrained.tiny import tiny

RNG = np.random.default_rng(0)
TEXTS = np.array(["one", "two words", "", "three short words", "two words"], dtype=object)
IMAGES = RNG.integers(0, 256, (3, 3, 20, 20), dtype=np.uint8)
SOUNDS = RNG.normal(size=(3, 8000, 1)).astype(np.float32)
HEARD = np.arange(8000) < np.array([[8000], [3000], [3000]])
CASES = {"text": (TEXTS, None), "image": (IMAGES, None), "audio": (SOUNDS, HEARD)}


def frozen(kind, folder=None, tokens=6, size=0, rate=16000):
    folder = folder or tiny(kind)
    reader = reader_for(kind, folder, CASES[kind][0], rate)
    return FrozenFeatures(kind, folder, reader, tokens, size, "cpu")


@pytest.fixture
def calls(monkeypatch):
    """How often a model was loaded."""
    loaded = []

    def load(*args):
        loaded.append(args)
        return load_backbone(*args)

    monkeypatch.setattr(module, "load_backbone", load)
    return loaded


@pytest.mark.parametrize("kind", CASES)
def test_rows_are_what_the_model_gives_each_sample_alone(kind, fresh_cache):
    values, mask = CASES[kind]
    rows = frozen(kind).rows(values, mask)
    backbone, _ = load_backbone(kind, tiny(kind), 6, 0)
    reader = reader_for(kind, tiny(kind), values, 16000)
    for place, row in enumerate(rows):
        own = None if mask is None else mask[place : place + 1]
        prepared = reader.read(values[place : place + 1], own)
        tokens, kept = backbone(prepared.values, prepared.mask)
        torch.testing.assert_close(row, tokens[0][kept[0]].detach(), atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("kind", CASES)
def test_a_second_run_does_not_even_load_the_model(kind, fresh_cache, calls):
    values, mask = CASES[kind]
    first = frozen(kind).rows(values, mask)
    assert len(calls) == 1
    order = np.array([2, 0, 1])  # as another split would have it
    again = frozen(kind).rows(values[order], None if mask is None else mask[order])
    assert len(calls) == 1
    assert all(torch.equal(first[k], row) for k, row in zip(order, again, strict=True))


def test_only_new_samples_are_computed(fresh_cache, calls, monkeypatch):
    frozen("text").rows(TEXTS[:2], None)
    features = frozen("text")
    seen = []
    monkeypatch.setattr(features, "_encode", lambda p: seen.extend(p.values) or [torch.ones(1, 32)])
    features.rows(TEXTS[:3], None)
    assert len(seen) == 1


@pytest.mark.parametrize(
    ("kind", "change"),
    [("text", {"tokens": 7}), ("image", {"size": 14}), ("audio", {"rate": 8000})],
)
def test_another_way_of_reading_is_another_feature(kind, change, fresh_cache, calls):
    values, mask = CASES[kind]
    frozen(kind).rows(values, mask)
    frozen(kind, **change).rows(values, mask)
    assert len(calls) == 2


def test_other_weights_in_the_same_folder_are_another_model(fresh_cache, calls, tmp_path):
    folder = tmp_path / "mine"
    shutil.copytree(tiny("text"), folder)
    before = frozen("text", folder).rows(TEXTS, None)
    weights = folder / "model.safetensors"
    content = bytearray(weights.read_bytes())
    content[-4:] = np.float32(2).tobytes()
    weights.write_bytes(bytes(content))
    module._contents.cache_clear()
    after = frozen("text", folder).rows(TEXTS, None)
    assert len(calls) == 2
    assert len(before) == len(after)
