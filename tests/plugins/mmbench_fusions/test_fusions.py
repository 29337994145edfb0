"""What holds for every fusion of the package."""

from __future__ import annotations

import copy
import inspect
import subprocess
import sys

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.func import functional_call, grad, stack_module_state, vmap

import mmbench_fusions
from mmbench import FusionOutput

REGISTERED = {fusion.name: fusion for fusion in mmbench_fusions.mmbench_fusions()}
OUT = 6
FED = [name for name, fusion in REGISTERED.items() if fusion.level != "none"]
ARGUMENTS = {n: inspect.signature(REGISTERED[n].load().forward).parameters for n in FED}
ASKING = [name for name in FED if "presence" in ARGUMENTS[name]]
MASKED = [name for name in FED if "masks" in ARGUMENTS[name]]
FILLING = ASKING + MASKED
NO_PARAMETERS = {"late_average", "late_product", "majority_vote", "evidential"}
TRAINED = [name for name in FED if name not in NO_PARAMETERS]
SOURCE_ONLY = "cyclic_translation"
NAMES = ("audio", "image", "text", "values")
STEPS = (4, 6, 1, 3)


def dims(name, count):
    sizes = [OUT] * 4 if REGISTERED[name].level == "logits" else [3, 5, 4, 7]
    return dict(zip(NAMES[:count], sizes, strict=False))


def extra(name):
    return {"modality": "audio"} if REGISTERED[name].per_modality == "named" else {}


def build(name, count=3, seed=0):
    torch.manual_seed(seed)
    fusion = REGISTERED[name].load()(dims(name, count), OUT, **extra(name)).double().eval()
    with torch.no_grad():
        for parameter in fusion.parameters():  # so that zeros at the start hide nothing
            parameter.add_(0.1 * torch.randn_like(parameter))
    return fusion


def batch(name, count=3, size=5, seed=1):
    generator = torch.Generator().manual_seed(seed)
    level = REGISTERED[name].level
    steps = {"tokens": STEPS, "input": (9,) * 4}.get(level, (None,) * 4)
    return {
        modality: torch.randn(
            size, *[t] * (t is not None), dim, generator=generator, dtype=torch.float64
        )
        for (modality, dim), t in zip(dims(name, count).items(), steps, strict=False)
    }


def output_of(fusion, features, presence=None, targets=None):
    """Calls a fusion as the model does; where it asks for masks, an absent modality's are false."""
    asked = inspect.signature(fusion.forward).parameters
    more = {}
    if "presence" in asked:
        more["presence"] = presence
    if "targets" in asked:
        more["targets"] = targets
    if "masks" in asked:
        more["masks"] = {
            m: torch.ones(x.shape[:2], dtype=torch.bool)
            & (True if presence is None else presence[m][:, None])
            for m, x in features.items()
        }
    output = fusion(features, **more)
    return output if isinstance(output, FusionOutput) else FusionOutput(output)


def fuse(fusion, features, **more):
    return output_of(fusion, features, **more).fused


def targets(size):
    return torch.arange(size) % OUT


def some_presence(features, seed=3):
    generator = torch.Generator().manual_seed(seed)
    return {m: torch.rand(len(x), generator=generator) < 0.6 for m, x in features.items()}


def blank(values, rows, worth=float("nan")):
    return values.masked_fill(rows.reshape(-1, *[1] * (values.ndim - 1)), worth)


def test_listing_imports_nothing_heavy():
    code = (
        "import sys, mmbench_fusions as f; f.mmbench_fusions();"
        "print([m for m in ('torch', 'numpy', 'pandas') if m in sys.modules])"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"


def test_the_controls_have_their_roles():
    roles = {fusion.role: name for name, fusion in REGISTERED.items() if fusion.role}
    assert roles == {
        "prior": "prior",
        "unimodal": "unimodal",
        "shuffled": "shuffled",
        "default": "concat",
        "control": "late_transformer",
    }


def test_there_are_many_of_them():
    assert len([fusion for fusion in REGISTERED.values() if not fusion.role]) >= 32


@pytest.mark.parametrize("fusion", REGISTERED.values(), ids=REGISTERED)
def test_parameters_are_the_keyword_arguments_and_their_defaults_are_in_the_space(fusion):
    signature = inspect.signature(fusion.load()).parameters
    given_ = {"dims", "out_dim"} | ({"modality"} if fusion.per_modality == "named" else set())
    keywords = {name: p.default for name, p in signature.items() if name not in given_}
    assert set(fusion.parameters) == set(keywords)
    for name, space in fusion.parameters.items():
        space.check(keywords[name])
        if not hasattr(space, "options"):
            assert space.low <= keywords[name] <= space.high
    assert fusion.summary


@pytest.mark.parametrize("name", FED)
@settings(max_examples=8, deadline=None)
@given(count=st.integers(1, 4), size=st.integers(1, 5))
def test_the_output_has_the_promised_shape(name, count, size):
    fused = fuse(build(name, count), batch(name, count, size))
    assert fused.shape == (size, OUT)
    assert fused.isfinite().all()


@pytest.mark.parametrize("name", FED)
@pytest.mark.parametrize("scale", [0.0, 1e4])
def test_zeros_and_large_values_stay_finite(name, scale):
    features = {m: x * scale for m, x in batch(name).items()}
    assert fuse(build(name), features).isfinite().all()


@pytest.mark.parametrize("name", FED)
def test_the_order_of_the_keys_does_not_matter(name):
    features = batch(name)
    turned = dict(reversed(features.items()))
    assert torch.equal(fuse(build(name), features), fuse(build(name), turned))


@pytest.mark.parametrize("name", TRAINED)
def test_every_parameter_receives_a_gradient(name):
    fusion, features = build(name).train(), batch(name, size=128)
    output = output_of(fusion, features, some_presence(features), targets(128))
    fused = output.fused
    ((fused * torch.randn_like(fused)).sum() + sum(output.aux.values())).backward()
    for parameter_name, parameter in fusion.named_parameters():
        assert parameter.grad is not None, parameter_name
        assert parameter.grad.abs().sum() > 0, parameter_name


@pytest.mark.parametrize("name", [name for name in FED if name != SOURCE_ONLY])
def test_every_modality_matters(name):
    features = {m: x.requires_grad_() for m, x in batch(name, size=8).items()}
    fused = fuse(build(name), features)
    (fused * torch.randn_like(fused)).sum().backward()
    for modality, x in features.items():
        assert x.grad.abs().sum() > 0
        permuted = {**features, modality: x.roll(1, dims=0)}
        assert not torch.allclose(fused, fuse(build(name), permuted))


@pytest.mark.parametrize("name", [name for name in FED if name != "shuffled"])
def test_a_sample_does_not_depend_on_its_neighbours(name):
    fusion, features = build(name), batch(name)
    alone = [fuse(fusion, {m: x[k : k + 1] for m, x in features.items()}) for k in range(5)]
    torch.testing.assert_close(fuse(fusion, features), torch.cat(alone))


@pytest.mark.parametrize("name", FED)
def test_training_reaches_every_modality(name):
    features = {m: x.requires_grad_() for m, x in batch(name, size=8).items()}
    output = output_of(build(name).train(), features, targets=targets(8))
    ((output.fused * torch.randn_like(output.fused)).sum() + sum(output.aux.values())).backward()
    for x in features.values():
        assert x.grad.isfinite().all()
        assert x.grad.abs().sum() > 0


@pytest.mark.parametrize("name", FED)
def test_losses_of_its_own_are_finite_scalars_and_for_training_only(name):
    fusion, features = build(name), batch(name)
    assert not output_of(fusion, features).aux
    nothing = {m: torch.zeros(5, dtype=torch.bool) for m in features}
    for presence in (None, some_presence(features), nothing):
        for loss in output_of(fusion.train(), features, presence, targets(5)).aux.values():
            assert loss.shape == ()
            assert loss.isfinite()


@pytest.mark.parametrize("name", FILLING)
@settings(max_examples=8, deadline=None)
@given(data=st.data())
def test_what_stands_at_an_absent_modality_does_not_matter(name, data):
    fusion, features = build(name), batch(name)
    rows = st.lists(st.booleans(), min_size=5, max_size=5)
    presence = {m: torch.tensor(data.draw(rows)) for m in features}
    spoilt = {m: blank(x, ~presence[m]) for m, x in features.items()}
    output, other = (fuse(fusion, x, presence=presence) for x in (features, spoilt))
    assert output.isfinite().all()
    torch.testing.assert_close(output, other)


@pytest.mark.parametrize("name", FILLING)
def test_all_present_is_the_same_as_not_said(name):
    fusion, features = build(name), batch(name)
    presence = {m: torch.ones(5, dtype=torch.bool) for m in features}
    torch.testing.assert_close(fuse(fusion, features), fuse(fusion, features, presence=presence))


@pytest.mark.parametrize("name", FILLING)
def test_gradients_are_finite_where_nothing_is_present(name):
    fusion = build(name)
    features = {m: x.requires_grad_() for m, x in batch(name).items()}
    presence = {m: torch.tensor([False, True, True, False, True]) for m in features}
    output = output_of(fusion.train(), features, presence, targets(5))
    (output.fused.sum() + sum(output.aux.values())).backward()
    for m, x in features.items():
        assert x.grad.isfinite().all()
        assert (x.grad[~presence[m]] == 0).all()
    assert all(p.grad.isfinite().all() for p in fusion.parameters() if p.grad is not None)


@pytest.mark.parametrize("name", MASKED)
def test_padding_does_not_matter(name):
    fusion, features = build(name), batch(name)
    masks = {m: torch.ones(x.shape[:2], dtype=torch.bool) for m, x in features.items()}
    longer = {m: F.pad(x, (0, 0, 0, 7), value=float("nan")) for m, x in features.items()}
    falser = {m: F.pad(mask, (0, 7)) for m, mask in masks.items()}
    short, long = (fusion(*given) for given in ((features, masks), (longer, falser)))
    if isinstance(short, FusionOutput):
        short, long = short.fused, long.fused
    torch.testing.assert_close(short, long)


SHARES = [
    "weighted_mean",
    "late_average",
    "late_weighted",
    "late_transformer",
    "early_transformer",
    "aligned_average",
    "score_attention",
]


@pytest.mark.parametrize("name", SHARES)
def test_weights_are_shares_of_the_present_modalities(name):
    features = batch(name)
    presence = {m: torch.tensor([True] * 4 + [False]) for m in features}
    presence["image"] = torch.tensor([True, False, True, False, False])
    output = output_of(build(name), features, presence)
    weights = torch.stack([output.weights[m] for m in sorted(features)], dim=1)
    torch.testing.assert_close(weights.sum(dim=1), torch.tensor([1.0] * 4 + [0.0]).double())
    assert (output.weights["image"][[1, 3]] == 0).all()
    assert (weights >= 0).all()


@pytest.mark.parametrize("name", FED)
def test_a_fusion_that_vectorises_draws_nothing_in_training_but_dropout(name):
    fusion = without_dropout(build(name)).train()
    features = batch(name)
    first, second = (fuse(fusion, features, targets=targets(5)) for _ in range(2))
    assert torch.equal(first, second) == REGISTERED[name].vectorises


@pytest.mark.parametrize("name", TRAINED)
def test_the_state_survives_a_round_trip(name):
    fusion, other, features = build(name), build(name, seed=2), batch(name)
    assert not torch.equal(fuse(fusion, features), fuse(other, features))
    other.load_state_dict(copy.deepcopy(fusion.state_dict()))
    assert torch.equal(fuse(fusion, features), fuse(other, features))


@pytest.mark.parametrize("name", TRAINED)
def test_lanes_equal_the_fusions_alone(name):
    fusions = [without_dropout(build(name, seed=seed)) for seed in range(3)]
    if REGISTERED[name].vectorises:
        fusions = [fusion.train() for fusion in fusions]
    features = [batch(name, seed=seed) for seed in range(3)]
    stacked = {m: torch.stack([lane[m] for lane in features]) for m in features[0]}
    presence = {m: torch.tensor([True, True, m != "image", True, False]) for m in stacked}
    parameters, buffers = stack_module_state(fusions)

    def loss(parameters, buffers, features):
        given = (features, presence, targets(5))
        output = functional_call(_Called(fusions[0]), (parameters, buffers), given)
        return output.fused.square().sum() + sum(output.aux.values()), output.fused

    named = [prefixed(parameters), prefixed(buffers)]
    gradients, lanes = vmap(grad(loss, has_aux=True))(*named, stacked)
    for lane, (fusion, x) in enumerate(zip(fusions, features, strict=True)):
        output = output_of(fusion, x, presence, targets(5))
        (output.fused.square().sum() + sum(output.aux.values())).backward()
        torch.testing.assert_close(lanes[lane], output.fused)
        for parameter_name, parameter in fusion.named_parameters():
            found = gradients[f"fusion.{parameter_name}"][lane]
            torch.testing.assert_close(found, expected_gradient(parameter))


class _Called(torch.nn.Module):
    """A fusion that is called as the model calls it."""

    def __init__(self, fusion):
        super().__init__()
        self.fusion = fusion

    def forward(self, *given):
        return output_of(self.fusion, *given)


def prefixed(state):
    return {f"fusion.{name}": value for name, value in state.items()}


def without_dropout(fusion):
    for module in fusion.modules():
        if isinstance(module, torch.nn.Dropout):
            module.p = 0.0
    return fusion


def expected_gradient(parameter):
    return torch.zeros_like(parameter) if parameter.grad is None else parameter.grad


@pytest.mark.parametrize("name", FED)
def test_single_precision_agrees_with_double(name):
    fusion, features = build(name), batch(name)
    single = fuse(copy.deepcopy(fusion).float(), {m: x.float() for m, x in features.items()})
    torch.testing.assert_close(single.double(), fuse(fusion, features), atol=1e-5, rtol=1e-4)
