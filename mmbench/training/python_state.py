"""What a model keeps in Python, and not in tensors."""

from __future__ import annotations

import random

import numpy as np
from torch import nn

__all__ = ["state_of_python"]

OF_EVERY_MODULE = vars(nn.Module()).keys() - {"training"}


def state_of_python(model: nn.Module) -> object:
    """To compare with another time: what is plain in the model's attributes, and the shared random generators."""
    attributes = [
        (name, _plain(value))
        for module in model.modules()
        for name, value in vars(module).items()
        if name not in OF_EVERY_MODULE
    ]
    return attributes, random.getstate(), _plain(np.random.get_state(legacy=False))


def _plain(value: object) -> object:
    """Numbers, strings and containers of them; of anything else, its type."""
    if value is None or isinstance(value, (bool, int, float, complex, str, bytes)):
        return value
    if isinstance(value, (list, tuple)):
        return [_plain(one) for one in value]
    if isinstance(value, dict):
        return [(_plain(key), _plain(one)) for key, one in value.items()]
    return type(value)
