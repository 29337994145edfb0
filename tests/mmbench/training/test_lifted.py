"""Layers that compute for all lanes at once what `vmap` gives."""

from __future__ import annotations

import copy

import pytest
import torch
from torch import nn
from torch.func import functional_call, stack_module_state, vmap

from mmbench.training import blas
from mmbench.training.lifted import each_lane, lift, of_all_lanes, of_each_lane

LANES = 3
LAYERS = {
    "linear": (lambda: nn.Linear(6, 4), (5, 6)),
    "linear of a row": (lambda: nn.Linear(6, 4), (6,)),
    "linear of tokens": (lambda: nn.Linear(6, 4), (5, 2, 6)),
    "linear without bias": (lambda: nn.Linear(6, 4, bias=False), (5, 6)),
    "norm": (lambda: nn.LayerNorm(6), (5, 6)),
    "norm of tokens": (lambda: nn.LayerNorm(6), (5, 2, 6)),
    "norm over two axes": (lambda: nn.LayerNorm((2, 6)), (5, 2, 6)),
    "norm without bias": (lambda: nn.LayerNorm(6, bias=False), (5, 6)),
    "norm without weights": (lambda: nn.LayerNorm(6, elementwise_affine=False), (5, 6)),
}


def in_lanes(model, parameters, x, in_dims=(0, 0)):
    return vmap(lambda own, one: functional_call(model, own, (one,)), in_dims)(parameters, x)


def made(make):
    torch.manual_seed(0)
    layers = [make() for _ in range(LANES)]
    for layer in layers:
        for parameter in layer.parameters():
            nn.init.normal_(parameter)
    lifted = copy.deepcopy(layers[0])
    lift(lifted)
    return layers[0], lifted, stack_module_state(layers)[0]


@pytest.fixture(params=["torch", "numpy"])
def library(request, monkeypatch):
    """What multiplies: a machine may use either."""
    monkeypatch.setattr(blas, "fits", lambda rows: request.param == "numpy")


@pytest.mark.usefixtures("library")
@pytest.mark.parametrize(("make", "shape"), LAYERS.values(), ids=LAYERS)
def test_results_and_gradients_are_those_of_vmap(make, shape):
    plain, lifted, parameters = made(make)
    x = torch.randn(LANES, *shape, requires_grad=True)
    found, expected = in_lanes(lifted, parameters, x), in_lanes(plain, parameters, x)
    torch.testing.assert_close(found, expected)
    pull = torch.randn_like(found)
    wanted = [x, *parameters.values()]
    given = [torch.autograd.grad(y, wanted, pull) for y in (found, expected)]
    torch.testing.assert_close(*given)


@pytest.mark.parametrize(("make", "shape"), LAYERS.values(), ids=LAYERS)
def test_what_all_lanes_share_goes_through_vmap(make, shape):
    plain, lifted, parameters = made(make)
    x = torch.randn(shape)
    if parameters:
        found = in_lanes(lifted, parameters, x, (0, None))
        torch.testing.assert_close(found, in_lanes(plain, parameters, x, (0, None)))
    assert torch.equal(lifted(x), plain(x)), "outside of vmap"


def test_a_layer_that_is_itself_called_under_vmap_goes_through_it_too():
    plain, lifted, parameters = made(lambda: nn.Linear(6, 4))
    x = torch.randn(LANES, 2, 5, 6)

    def twice(model):
        inner = lambda own, x: vmap(lambda one: functional_call(model, own, (one,)))(x)  # noqa: E731
        return vmap(inner)(parameters, x)

    torch.testing.assert_close(twice(lifted), twice(plain))


def test_only_plain_layers_are_changed():
    class Own(nn.Linear):
        def forward(self, x):
            return x + 1

    model = nn.Sequential(Own(2, 2), nn.Linear(2, 2), nn.ReLU())
    lift(model)
    assert ["forward" in vars(layer) for layer in model] == [False, True, False]


def test_a_lane_is_split_off_and_found_again():
    values = torch.arange(6.0).view(2, 3)

    def run(lane):
        own = each_lane({"a": {"b": values}})["a"]["b"]
        assert torch.equal(of_all_lanes(own), values)
        assert torch.equal(of_all_lanes(own.sum(0)), values.sum(1))
        assert of_all_lanes(torch.ones(3)) is None
        return of_each_lane(values) * lane

    assert torch.equal(vmap(run)(torch.arange(2)), values * torch.tensor([[0.0], [1.0]]))
    assert of_all_lanes(values) is None
