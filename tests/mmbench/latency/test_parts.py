from __future__ import annotations

import time
from typing import Any

import pytest
import torch

from mmbench.latency.parts import PARTS, split
from mmbench.latency.timing import measure


def waiting(module: torch.nn.Module, milliseconds: float) -> None:
    """Make each call of a module take longer, its hooks included."""
    forward = module.forward

    def slow(*given: Any, **more: Any) -> Any:
        time.sleep(milliseconds / 1e3)
        return forward(*given, **more)

    module.forward = slow  # type: ignore[method-assign]


def test_parts_are_where_the_time_goes_and_add_up_to_the_whole(bench: Any) -> None:
    vault = bench.vault()
    model = bench.recipe(vault=vault).model({}).eval()
    batch = vault.training.train.repeated(4)
    for encoder in model.encoders.values():
        waiting(encoder, 2)
    waiting(model.fusion, 8)
    waiting(model.head, 1)
    with torch.inference_mode():
        parts = split(model, lambda: model(batch), calls=8)
    whole = measure(lambda: model(batch), min_samples=8, min_seconds=0.0)
    assert tuple(parts) == PARTS
    assert parts["fusion"] > parts["encoder"] > parts["head"] > parts["rest"] > 0
    assert parts["encoder"] >= 4
    assert sum(parts.values()) == pytest.approx(whole.median_ms, rel=0.3)


def test_the_model_keeps_no_hook(bench: Any) -> None:
    vault = bench.vault()
    model = bench.recipe(vault=vault).model({}).eval()
    split(model, lambda: model(vault.training.train), calls=1)
    assert not any(module._forward_hooks or module._forward_pre_hooks for module in model.modules())
