"""Which modules are one module with other numbers."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

__all__ = ["alike"]


def alike(first: nn.Module, second: nn.Module) -> bool:
    """Whether two modules differ in the values of parameters and buffers, and rates of dropout, alone."""
    ours, theirs = dict(first.named_modules()), dict(second.named_modules())
    return ours.keys() == theirs.keys() and all(
        _same_settings(module, theirs[name]) for name, module in ours.items()
    )


def _same_settings(first: nn.Module, second: nn.Module) -> bool:
    ours, theirs = _settings(first), _settings(second)
    return (
        type(first) is type(second)
        and ours.keys() == theirs.keys()
        and all(_same(value, theirs[name]) for name, value in ours.items())
    )


def _settings(module: nn.Module) -> dict[str, Any]:
    """What makes a module what it is, but for values and submodules."""
    tensors = {**module._parameters, **module._buffers}
    shapes = {name: None if t is None else (t.shape, t.dtype) for name, t in tensors.items()}
    ignored = {"_parameters", "_buffers", "_modules", "training"}
    if type(module) is nn.Dropout:
        ignored = {*ignored, "p"}
    return shapes | {f".{name}": v for name, v in vars(module).items() if name not in ignored}


def _same(first: Any, second: Any) -> bool:
    """Whether two settings are equal; those that cannot be compared are not."""
    if isinstance(first, Tensor) and isinstance(second, Tensor):
        return torch.equal(first, second)
    try:
        return first is second or (type(first) is type(second) and bool(first == second))
    except (RuntimeError, ValueError):  # tensors or arrays within
        return False
