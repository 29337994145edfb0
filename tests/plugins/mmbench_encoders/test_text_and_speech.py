"""Text by a transformer and speech by a recurrent network, fused and trained."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn

import mmbench_encoders
from mmbench.contracts import LossWeighting, Term
from mmbench.data.part import Part
from mmbench.data.samples import Samples
from mmbench.data.sealed import TrainingData, prepare
from mmbench.data.split import make_split
from mmbench.model import FusionModel
from mmbench.tasks import TASKS
from mmbench.training.loop import fit, predict
from mmbench.training.step import Settings
from mmbench_fusions.operators import Concat

DIM, CLASSES = 16, 4
ENCODERS = {
    "text": ("text_transformer", {"dropout": 0.1}),
    "speech": ("recurrent", {"cell": "gru"}),
}
WORDS = (("yes", "sure", "fine"), ("no", "never", "stop"))


def dialogue(count=400, steps=24):
    """What is said tells one bit, whether the pitch rises or falls another; the class is both."""
    rng = np.random.default_rng(0)
    said, rises = rng.integers(0, 2, (2, count))
    texts = [" ".join(["well", str(rng.choice(WORDS[bit])), "then"]) for bit in said]
    lengths = rng.integers(steps // 2, steps + 1, count)
    time = np.arange(steps) / lengths[:, None]
    pitch = np.where(rises, 1, -1)[:, None] * (2 * time - 1) + rng.normal(0, 0.3, (count, steps))
    loudness = rng.normal(size=(count, steps))
    speech = np.stack([pitch, loudness], axis=2) * (time < 1)[..., None]
    inputs = {"speech": speech.astype(np.float32), "text": np.array(texts, dtype=object)}
    return Samples(inputs, 2 * said + rises, lengths={"speech": lengths})


@pytest.fixture(scope="module")
def vault():
    samples = dialogue()
    registered = {encoder.name: encoder for encoder in mmbench_encoders.mmbench_encoders()}
    makers = {m: registered[name].load_preparation() for m, (name, _) in ENCODERS.items()}
    split = make_split(samples, 0, 1000, stratify=True)
    return prepare(samples, split, TASKS["classification"](), makers)


def build(specs, modalities):
    torch.manual_seed(0)
    registered = {encoder.name: encoder for encoder in mmbench_encoders.mmbench_encoders()}
    encoders = {
        m: registered[name].load()(specs[m], DIM, **params)
        for m, (name, params) in sorted(ENCODERS.items())
        if m in modalities
    }
    fusion = Concat(dict.fromkeys(sorted(modalities), DIM), DIM)
    return FusionModel(encoders, fusion, "pooled", nn.Linear(DIM, CLASSES), out_dim=DIM)


def accuracy(vault, modalities):
    data, task = vault.training, vault.task
    settings = Settings(epochs=12, patience=12, batch_size=32, lr=1e-2, weight_decay=1e-2, seed=0)
    terms = (Term("joint"),)
    only = TrainingData(_of(data.train, modalities), _of(data.validation, modalities), data.specs)
    fitted = fit(build(data.specs, modalities), LossWeighting, terms, only, task, settings)
    test = _of(vault.seal().open(), modalities)
    prediction, targets, _ = predict(fitted.model, test, task)
    return float((prediction.argmax(dim=1) == targets).double().mean())


def _of(part, modalities):
    inputs = {name: part.inputs[name] for name in modalities}
    masks = {name: part.masks[name] for name in modalities}
    return Part(inputs, masks, {}, part.targets)


def test_together_they_tell_what_neither_tells_alone(vault):
    assert accuracy(vault, ("speech", "text")) > 0.9
    for modality in ENCODERS:
        assert accuracy(vault, (modality,)) < 0.7


def test_one_loss_trains_both_encoders(vault):
    data = vault.training
    model = build(data.specs, ("speech", "text"))
    batch = data.train.take(torch.arange(16))
    vault.task.loss(model(batch).prediction, batch.targets).mean().backward()
    for name, parameter in model.encoders.named_parameters():
        assert parameter.grad is not None, name
        assert parameter.grad.abs().sum() > 0, name
    assert type(model.encoders["@text"]).__name__ == "TextTransformer"
    assert isinstance(model.encoders["@speech"].onward, nn.GRU)


def test_steps_behind_the_end_of_a_recording_have_no_influence(vault):
    data = vault.training
    model = build(data.specs, ("speech", "text")).eval()
    batch = data.train.take(torch.arange(16))
    mask = batch.masks["speech"]
    assert not mask.all()
    noisy = torch.where(mask.unsqueeze(-1), batch.inputs["speech"], 9.0)
    changed = Part({**batch.inputs, "speech": noisy}, batch.masks, {}, batch.targets)
    torch.testing.assert_close(model(changed).prediction, model(batch).prediction)
