"""Comparison made fair by size: widths that give every fusion the same number of parameters."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mmbench.errors import NotApplicable
from mmbench.training.build import Recipe

__all__ = ["TOLERANCE", "matched", "size"]

TOLERANCE = 0.05
WIDEST = 4096


def matched(recipe: Recipe, hyper: Mapping[str, Any]) -> dict[str, Any]:
    """The hyperparameters, with the width at which the model has the recipe's number of parameters.

    The width of the fused feature, `out_dim`, is scaled. Where that alone does not do, because the fusion has
    no such width or the encoders outweigh it, the width of the encoders' features, `dim`, is. A fusion that sees
    no input has nothing to scale and stays as it is.

    Raises:
        NotApplicable: if no width comes within 5 %.
    """
    level = recipe.registry.fusions[recipe.job.fusion.name].level
    target = recipe.target_params
    if target is None or level == "none":
        return dict(hyper)
    best: tuple[float, str, int] | None = None
    for knob in ("out_dim", "dim"):
        width, found = _nearest(recipe, hyper, knob, target)
        error = abs(found - target) / target
        if error <= TOLERANCE:
            return {**hyper, knob: width}
        best = min(filter(None, (best, (error, knob, found))))
    assert best is not None  # noqa: S101 - two knobs were turned
    raise NotApplicable(
        f"Expected a width at which {recipe.job.fusion_name} has {target} parameters, give or take 5 %. "
        f"Found {best[2]} at the nearest {best[1]}. Match to another size."
    )


def size(recipe: Recipe, hyper: Mapping[str, Any]) -> int:
    """The number of parameters of the recipe's model."""
    return sum(parameter.numel() for parameter in recipe.model(hyper).parameters())


def _nearest(recipe: Recipe, hyper: Mapping[str, Any], knob: str, target: int) -> tuple[int, int]:
    """The width whose size is nearest to the target, and that size; sizes grow with the width."""

    def at(width: int) -> int:
        return size(recipe, {**hyper, knob: width})

    low, high = 1, 2
    while at(high) < target and high < WIDEST:
        low, high = high, high * 2
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if at(middle) < target else (low, middle)
    return min(((width, at(width)) for width in (low, high)), key=lambda of: abs(of[1] - target))
