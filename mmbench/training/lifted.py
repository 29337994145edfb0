"""Layers that compute for all lanes at once what `vmap` would take apart into more and smaller operations.

A tensor under `vmap` is a view of one that holds all lanes. To get at that one torch has only private functions.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import lru_cache
from types import MethodType
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch._C import _functorch as functorch

from mmbench.training import blas
from mmbench.training.linear import Linear

__all__ = ["each_lane", "lift", "of_all_lanes", "of_each_lane"]

LEVEL = 1
"""Of `vmap` over lanes, the outermost."""


def lift(model: nn.Module) -> None:
    """Change the layers of a model that will only be called under `vmap` over lanes.

    Their results and gradients stay what they were, but for rounding.
    """
    for module in model.modules():
        lifted = _LIFTED.get(type(module))
        if lifted is not None and "forward" not in vars(module):
            vars(module)["forward"] = MethodType(lifted, module)


def of_all_lanes(x: Tensor) -> Tensor | None:
    """What a lane's `x` `(…)` is a part of, `(K, …)`; None where all lanes share it, or `vmap` is nested."""
    if not functorch.is_batchedtensor(x) or functorch.maybe_get_level(x) != LEVEL:
        return None
    every, where = functorch.get_unwrapped(x), functorch.maybe_get_bdim(x)
    return every if where == 0 else every.movedim(where, 0)


def of_each_lane(values: Tensor) -> Tensor:
    """A lane's part `(…)` of `(K, …)`."""
    return functorch._add_batch_dim(values, 0, LEVEL)


def each_lane(given: Mapping[str, Any]) -> dict[str, Any]:
    """Nested dictionaries of `(K, …)`, a lane's part of each."""
    return {
        name: of_each_lane(values) if isinstance(values, Tensor) else each_lane(values)
        for name, values in given.items()
    }


def _linear(layer: nn.Linear, x: Tensor) -> Tensor:
    found = _of_all_lanes(x, layer.weight, layer.bias)
    if found is None:
        return F.linear(x, layer.weight, layer.bias)
    every, weight, bias = found
    rows = every.flatten(1, -2) if every.dim() > 2 else every.unsqueeze(1)
    turned = weight.transpose(1, 2)
    if blas.fits(rows):
        weighed = _outside_vmap(Linear.apply, rows, weight, bias)
    elif bias is None:
        weighed = torch.bmm(rows, turned)
    else:
        weighed = torch.baddbmm(bias[:, None], rows, turned)
    return of_each_lane(weighed.view(*every.shape[:-1], weight.shape[1]))


def _layer_norm(layer: nn.LayerNorm, x: Tensor) -> Tensor:
    found = _of_all_lanes(x, layer.weight, layer.bias)
    if found is None:
        return F.layer_norm(x, layer.normalized_shape, layer.weight, layer.bias, layer.eps)
    every, weight, bias = found
    shape = layer.normalized_shape
    normal = F.layer_norm(
        every, shape, *_ones_and_zeros(shape, every.dtype, every.device), layer.eps
    )
    own = (len(every), *[1] * (every.dim() - 1 - len(shape)), *shape)
    scale = weight.view(own)
    scaled = normal * scale
    # In place: `addcmul` would have autograd multiply by the factor 1 that it was not given.
    return of_each_lane(scaled if bias is None else scaled.add_(bias.view(own)))


@lru_cache(maxsize=64)
def _ones_and_zeros(
    shape: tuple[int, ...], dtype: torch.dtype, device: torch.device
) -> tuple[Tensor, Tensor]:
    """On a CPU torch normalises twice as fast where there is something to scale and shift by."""
    return torch.ones(shape, dtype=dtype, device=device), torch.zeros(
        shape, dtype=dtype, device=device
    )


def _outside_vmap(function: Callable[..., Tensor], *of_all_lanes: Tensor | None) -> Tensor:
    """What torch's own functions may be called with, one written in Python may not be under `vmap`."""
    level = functorch.pop_dynamic_layer_stack()
    try:
        return function(*of_all_lanes)
    finally:
        functorch.push_dynamic_layer_stack(level)


def _of_all_lanes(
    x: Tensor, weight: Tensor | None, bias: Tensor | None
) -> tuple[Tensor, Tensor, Tensor | None] | None:
    """What goes into a layer, of all lanes; None where `vmap` has to see to it."""
    every = of_all_lanes(x)
    own = None if weight is None else of_all_lanes(weight)
    shift = None if bias is None else of_all_lanes(bias)
    if every is None or own is None or (shift is None) != (bias is None):
        return None
    return every, own, shift


_LIFTED: dict[type[nn.Module], Callable[..., Tensor]] = {
    nn.Linear: _linear,
    nn.LayerNorm: _layer_norm,
}
