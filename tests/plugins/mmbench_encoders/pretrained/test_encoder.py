from __future__ import annotations

import copy

import numpy as np
import pytest
import torch

from mmbench.data.preparation import InputSpec
from mmbench.errors import DataError
from mmbench_encoders.pretrained.backbones import load_backbone
from mmbench_encoders.pretrained.encoder import FineTuned, Projection, pretrained
from mmbench_encoders.pretrained.preparation import Pretrained
from mmbench_encoders.pretrained.tiny import tiny

RNG = np.random.default_rng(0)
VALUES = {
    "text": np.array(["one", "two words", "three short words"], dtype=object),
    "image": RNG.integers(0, 256, (3, 3, 20, 20), dtype=np.uint8),
    "audio": RNG.normal(size=(3, 4000, 1)).astype(np.float32),
}


def tuned(kind, **params):
    preparation = Pretrained(frozen=False, tokens=6).fit(VALUES[kind])
    encoder = pretrained(preparation.spec, 8, frozen=False, tokens=6, **params)
    prepared = preparation.transform(VALUES[kind])
    return encoder, prepared.values, prepared.mask


def test_a_frozen_model_leaves_a_linear_layer_to_train():
    encoder = pretrained(InputSpec((5, 3)), 4)
    assert isinstance(encoder, Projection)
    x, mask = torch.randn(2, 5, 3), torch.arange(5) < torch.tensor([[5], [2]])
    tokens, kept = encoder.eval()(x, mask)
    weight, bias = (p.detach().numpy() for p in encoder.parameters())
    expected = (x.numpy() @ weight.T + bias) * mask.numpy()[..., None]
    np.testing.assert_allclose(tokens.detach().numpy(), expected, atol=1e-6)
    assert torch.equal(kept, mask)


class Ones(torch.nn.Module):
    """A model that gives nothing but ones."""

    def forward(self, x, mask):
        return torch.ones_like(x), torch.ones(x.shape[:2], dtype=torch.bool)


@pytest.mark.parametrize(
    "encoder",
    [Projection(InputSpec((7, 400)), 400, dropout=0.2), FineTuned(Ones(), 400, 400, dropout=0.2)],
    ids=["frozen", "fine-tuned"],
)
def test_a_channel_is_dropped_from_all_tokens_of_a_sample_or_from_none(encoder):
    torch.nn.init.eye_(encoder.project.weight)
    torch.nn.init.zeros_(encoder.project.bias)
    torch.manual_seed(0)
    tokens, _ = encoder(torch.ones(50, 7, 400))
    assert torch.equal(tokens, tokens[:, :1].expand_as(tokens))
    assert set(tokens.unique().tolist()) == {0.0, 1.25}
    gone = (tokens[:, 0] == 0).double()
    assert gone.mean().item() == pytest.approx(0.2, abs=0.01)
    assert gone.mean(dim=0).max() < 1  # samples differ
    assert torch.equal(encoder.eval()(torch.ones(1, 7, 400))[0], torch.ones(1, 7, 400))


def test_a_frozen_encoder_is_not_built_for_anything_but_tokens():
    with pytest.raises(DataError, match=r"shape \(T, D\)"):
        pretrained(InputSpec((5,), vocabulary=9), 4)


@pytest.mark.parametrize("kind", VALUES)
def test_a_model_that_is_fine_tuned_starts_as_it_was(kind):
    encoder, x, mask = tuned(kind)
    backbone, _ = load_backbone(kind, tiny(kind), 6, 0)
    expected, kept = backbone(x, mask)
    tokens, found = encoder.eval()(x, mask)
    assert torch.equal(found, kept)
    projected = encoder.project(expected) * kept.unsqueeze(-1)
    torch.testing.assert_close(tokens, projected, atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("kind", VALUES)
def test_all_weights_move_and_the_models_at_a_pace_of_their_own(kind):
    encoder, x, mask = tuned(kind, pace=0.125)
    before = {name: module.weight.clone() for name, module in _linears(encoder)}
    optimiser = torch.optim.AdamW(encoder.parameters(), lr=0.01, weight_decay=0.5)
    tokens, _ = encoder(x, mask)
    tokens.square().sum().backward()
    assert all(parameter.grad is not None for parameter in encoder.parameters())
    optimiser.step()
    for name, module in _linears(encoder):
        step = 0.01 if name == "project" else 0.01 * 0.125
        moved = float((module.weight - before[name]).detach().abs().max())
        assert moved == pytest.approx(step, rel=0.02 if name != "project" else 0.2)


def test_the_state_survives_a_round_trip():
    encoder, x, mask = tuned("text")
    with torch.no_grad():
        for parameter in encoder.parameters():
            parameter.add_(torch.randn_like(parameter))
    other, _, _ = tuned("text")
    other.load_state_dict(copy.deepcopy(encoder.state_dict()))
    assert torch.equal(other.eval()(x, mask)[0], encoder.eval()(x, mask)[0])


def _linears(encoder):
    return [(n, m) for n, m in encoder.named_modules() if isinstance(m, torch.nn.Linear)]
