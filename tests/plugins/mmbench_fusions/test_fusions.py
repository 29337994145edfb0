"""What holds for every fusion of the package."""

from __future__ import annotations

import copy
import inspect
import subprocess
import sys

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.func import functional_call, stack_module_state, vmap

import mmbench_fusions
from mmbench import FusionOutput

REGISTERED = {fusion.name: fusion for fusion in mmbench_fusions.mmbench_fusions()}
OUT = 6
FED = [name for name, fusion in REGISTERED.items() if fusion.level != "none"]
TRAINED = [name for name in FED if name != "late_average"]
ASKING = [
    name
    for name in FED
    if "presence" in inspect.signature(REGISTERED[name].load().forward).parameters
]
NAMES = ("audio", "image", "text", "values")


def dims(name, count):
    sizes = [OUT] * 4 if REGISTERED[name].level == "logits" else [3, 5, 4, 7]
    return dict(zip(NAMES[:count], sizes, strict=False))


def build(name, count=3, seed=0):
    torch.manual_seed(seed)
    extra = {"modality": "audio"} if REGISTERED[name].per_modality == "named" else {}
    fusion = REGISTERED[name].load()(dims(name, count), OUT, **extra).double().eval()
    with torch.no_grad():
        for parameter in fusion.parameters():  # so that zeros at the start hide nothing
            parameter.add_(0.1 * torch.randn_like(parameter))
    return fusion


def batch(name, count=3, size=5, seed=1):
    generator = torch.Generator().manual_seed(seed)
    return {
        modality: torch.randn(size, dim, generator=generator, dtype=torch.float64)
        for modality, dim in dims(name, count).items()
    }


def fuse(fusion, features, **more):
    output = fusion(features, **more)
    return output.fused if isinstance(output, FusionOutput) else output


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
@settings(max_examples=20)
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
    fusion = build(name)
    fused = fuse(fusion, batch(name))
    (fused * torch.randn_like(fused)).sum().backward()
    for parameter_name, parameter in fusion.named_parameters():
        assert parameter.grad is not None, parameter_name
        assert parameter.grad.abs().sum() > 0, parameter_name


@pytest.mark.parametrize("name", FED)
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


@pytest.mark.parametrize("name", ASKING)
@settings(max_examples=25)
@given(data=st.data())
def test_what_stands_at_an_absent_modality_does_not_matter(name, data):
    fusion, features = build(name), batch(name)
    rows = st.lists(st.booleans(), min_size=5, max_size=5)
    presence = {m: torch.tensor(data.draw(rows)) for m in features}
    spoilt = {
        m: x.masked_fill(~presence[m].unsqueeze(1), float("nan")) for m, x in features.items()
    }
    output, other = (fuse(fusion, x, presence=presence) for x in (features, spoilt))
    assert output.isfinite().all()
    torch.testing.assert_close(output, other)


@pytest.mark.parametrize("name", ASKING)
def test_all_present_is_the_same_as_not_said(name):
    fusion, features = build(name), batch(name)
    presence = {m: torch.ones(5, dtype=torch.bool) for m in features}
    torch.testing.assert_close(fuse(fusion, features), fuse(fusion, features, presence=presence))


@pytest.mark.parametrize("name", ASKING)
def test_gradients_are_finite_where_nothing_is_present(name):
    fusion = build(name)
    features = {m: x.requires_grad_() for m, x in batch(name).items()}
    presence = {m: torch.tensor([False, True, True, False, True]) for m in features}
    fuse(fusion, features, presence=presence).sum().backward()
    for m, x in features.items():
        assert x.grad.isfinite().all()
        assert (x.grad[~presence[m]] == 0).all()
    assert all(p.grad.isfinite().all() for p in fusion.parameters())


@pytest.mark.parametrize("name", ["weighted_mean", "late_average", "late_transformer"])
def test_weights_are_shares_of_the_present_modalities(name):
    features = batch(name)
    presence = {m: torch.tensor([True] * 4 + [False]) for m in features}
    presence["image"] = torch.tensor([True, False, True, False, False])
    output = build(name)(features, presence=presence)
    weights = torch.stack([output.weights[m] for m in sorted(features)], dim=1)
    torch.testing.assert_close(weights.sum(dim=1), torch.tensor([1.0] * 4 + [0.0]).double())
    assert (output.weights["image"][[1, 3]] == 0).all()
    assert (weights >= 0).all()


@pytest.mark.parametrize("name", TRAINED)
def test_the_state_survives_a_round_trip(name):
    fusion, other, features = build(name), build(name, seed=2), batch(name)
    assert not torch.equal(fuse(fusion, features), fuse(other, features))
    other.load_state_dict(copy.deepcopy(fusion.state_dict()))
    assert torch.equal(fuse(fusion, features), fuse(other, features))


@pytest.mark.parametrize("name", TRAINED)
def test_lanes_equal_the_fusions_alone(name):
    fusions = [build(name, seed=seed) for seed in range(3)]
    features = [batch(name, seed=seed) for seed in range(3)]
    stacked = {m: torch.stack([lane[m] for lane in features]) for m in features[0]}
    presence = {m: torch.tensor([True, True, m != "image", True, False]) for m in stacked}
    more = {"presence": presence} if name in ASKING else {}
    parameters, buffers = stack_module_state(fusions)

    def lane(parameters, buffers, features):
        output = functional_call(fusions[0], (parameters, buffers), (features,), more)
        return output.fused if isinstance(output, FusionOutput) else output

    lanes = vmap(lane)(parameters, buffers, stacked)
    alone = [fuse(fusion, x, **more) for fusion, x in zip(fusions, features, strict=True)]
    torch.testing.assert_close(lanes, torch.stack(alone))


@pytest.mark.parametrize("name", FED)
def test_single_precision_agrees_with_double(name):
    fusion, features = build(name), batch(name)
    single = fuse(copy.deepcopy(fusion).float(), {m: x.float() for m, x in features.items()})
    torch.testing.assert_close(single.double(), fuse(fusion, features), atol=1e-5, rtol=1e-4)
