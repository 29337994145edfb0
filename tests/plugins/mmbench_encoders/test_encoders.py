"""What holds for every encoder of the package."""

from __future__ import annotations

import copy
import inspect
import subprocess
import sys

import pytest
import torch
from torch.func import functional_call, stack_module_state, vmap

import mmbench_encoders
from mmbench.data.preparation import InputSpec
from mmbench.registrations import KINDS

EVERY = {encoder.name: encoder for encoder in mmbench_encoders.mmbench_encoders()}
REGISTERED = {name: encoder for name, encoder in EVERY.items() if not encoder.requires}
DIM = 8
SERIES = InputSpec((9, 3))
IDS = InputSpec((9,), vocabulary=20)
CASES = {
    "mlp": ("mlp", InputSpec((5,)), {}),
    "mlp deep": ("mlp", InputSpec((5,)), {"layers": 2}),
    "conv1d": ("conv1d", SERIES, {"stride": 2, "kernel": 4}),
    "conv2d": ("conv2d", InputSpec((2, 15, 16)), {}),
    "text_transformer": ("text_transformer", IDS, {"layers": 2}),
    "gru": ("recurrent", SERIES, {}),
    "lstm both ways": ("recurrent", SERIES, {"cell": "lstm", "bidirectional": True}),
    "gru on ids": ("recurrent", IDS, {"bidirectional": True}),
}
SEQUENCES = [name for name, (_, spec, _) in CASES.items() if spec.shape[0] == 9]
LANES = [name for name, (encoder, _, _) in CASES.items() if encoder != "recurrent"]


def build(case, seed=0):
    name, spec, params = CASES[case]
    torch.manual_seed(seed)
    return REGISTERED[name].load()(spec, DIM, dropout=0.0, **params).double()


def batch(case, size=4, seed=1):
    spec = CASES[case][1]
    generator = torch.Generator().manual_seed(seed)
    if spec.vocabulary:
        return torch.randint(2, spec.vocabulary, (size, *spec.shape), generator=generator)
    return torch.randn(size, *spec.shape, generator=generator, dtype=torch.float64)


def test_listing_imports_nothing_heavy():
    code = (
        "import sys, mmbench_encoders as e; e.mmbench_encoders();"
        "print([m for m in ('torch', 'numpy', 'pandas', 'tokenizers') if m in sys.modules])"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"


def test_every_kind_has_one_default():
    defaults = [kind for encoder in REGISTERED.values() for kind in encoder.default_for]
    assert sorted(defaults) == sorted(KINDS)


@pytest.mark.parametrize("encoder", REGISTERED.values(), ids=REGISTERED)
def test_parameters_are_the_keyword_arguments_and_their_defaults_are_in_the_space(encoder):
    signature = inspect.signature(encoder.load()).parameters
    keywords = {name: p.default for name, p in signature.items() if name not in ("spec", "dim")}
    assert set(encoder.parameters) == set(keywords)
    for name, space in encoder.parameters.items():
        space.check(keywords[name])
        if not hasattr(space, "options"):
            assert space.low <= keywords[name] <= space.high
    assert set(encoder.default_for) <= set(encoder.kinds)
    assert encoder.summary
    encoder.load_preparation()


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("size", [1, 5])
def test_tokens_and_mask_have_the_promised_shapes(case, size):
    tokens, mask = build(case)(batch(case, size), None)
    assert tokens.shape == (size, mask.shape[1], DIM)
    assert mask.dtype == torch.bool
    assert mask.all()
    assert tokens.isfinite().all()


@pytest.mark.parametrize("case", CASES)
def test_a_sample_does_not_depend_on_its_neighbours(case):
    encoder, x = build(case), batch(case)
    together = encoder(x, None)[0]
    alone = torch.cat([encoder(row[None], None)[0] for row in x])
    torch.testing.assert_close(together, alone)


@pytest.mark.parametrize("case", CASES)
def test_every_parameter_receives_a_gradient(case):
    encoder = build(case)
    tokens, _ = encoder(batch(case, 6), None)
    (tokens * torch.randn_like(tokens)).sum().backward()
    for name, parameter in encoder.named_parameters():
        assert parameter.grad is not None, name
        assert parameter.grad.abs().sum() > 0, name


@pytest.mark.parametrize("case", CASES)
def test_a_wholly_masked_sample_is_zeros_with_finite_gradients(case):
    encoder, x = build(case), batch(case)
    mask = torch.ones(len(x), 9 if case in SEQUENCES else 1, dtype=torch.bool)
    mask[1] = False
    tokens, out_mask = encoder(x, mask)
    assert not out_mask[1].any()
    assert (tokens[1] == 0).all()
    torch.testing.assert_close(tokens[0], encoder(x, None)[0][0])
    tokens.square().sum().backward()
    assert all(p.grad.isfinite().all() for p in encoder.parameters())


@pytest.mark.parametrize("case", SEQUENCES)
@pytest.mark.parametrize("length", [1, 2, 5, 8])
def test_padding_changes_nothing(case, length):
    encoder, x = build(case), batch(case)
    mask = (torch.arange(9) < length).expand(len(x), -1)
    padded = x.clone()
    padded[:, length:] = 3 if x.dtype == torch.int64 else float("nan")
    tokens, out_mask = encoder(padded, mask)
    alone, alone_mask = encoder(x[:, :length], None)
    count = alone.shape[1]
    assert alone_mask.all()
    assert (out_mask.sum(dim=1) == count).all()
    torch.testing.assert_close(tokens[:, :count], alone)
    assert (tokens[:, count:] == 0).all()


@pytest.mark.parametrize("case", CASES)
def test_the_state_survives_a_round_trip(case):
    encoder, other, x = build(case), build(case, seed=2), batch(case)
    assert not torch.equal(encoder(x, None)[0], other(x, None)[0])
    other.load_state_dict(copy.deepcopy(encoder.state_dict()))
    assert torch.equal(encoder(x, None)[0], other(x, None)[0])


@pytest.mark.parametrize("case", LANES)
def test_lanes_equal_the_encoders_alone(case):
    encoders, x = [build(case, seed) for seed in range(3)], batch(case)
    mask = torch.ones(len(x), 9 if case in SEQUENCES else 1, dtype=torch.bool)
    mask[0, 5:] = False
    parameters, buffers = stack_module_state(encoders)

    def lane(parameters, buffers):
        return functional_call(encoders[0], (parameters, buffers), (x, mask))[0]

    lanes = vmap(lane)(parameters, buffers)
    alone = torch.stack([encoder(x, mask)[0] for encoder in encoders])
    torch.testing.assert_close(lanes, alone)


@pytest.mark.parametrize("case", CASES)
def test_single_precision_agrees_with_double(case):
    encoder, x = build(case), batch(case)
    single = copy.deepcopy(encoder).float()(x if x.dtype == torch.int64 else x.float(), None)[0]
    torch.testing.assert_close(single.double(), encoder(x, None)[0], atol=1e-5, rtol=1e-4)


def test_the_bert_and_vit_model_is_imported_when_it_is_asked_for():
    code = (
        "import sys, mmbench_encoders; assert 'torch' not in sys.modules;"
        "from mmbench_encoders import MultiModalTransformer; print(MultiModalTransformer.__name__)"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "MultiModalTransformer"
