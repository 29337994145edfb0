"""Gradients of weighted parts of the loss, flat by group of parameters."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor, nn

from mmbench.errors import NonFiniteError
from mmbench.gradients import flat_gradients
from mmbench_weightings.coefficients import kept, weighted_sum

__all__ = ["gradients", "gradients_with_heads_apart", "of_kind", "require_finite"]

Groups = Mapping[str, list[nn.Parameter]]


def of_kind(weights: Mapping[str, float], *kinds: str) -> dict[str, float]:
    """The weights of the terms of some kinds, without those that are dropped."""
    return {name: weights[name] for name in kept(weights) if name.partition(":")[0] in kinds}


def require_finite(losses: Mapping[str, Tensor], weights: Mapping[str, float]) -> None:
    """Check the terms that are not dropped.

    Raises:
        NonFiniteError: naming the first term that is NaN or infinite.

    """
    for name in kept(weights):
        if not bool(losses[name].isfinite()):
            raise NonFiniteError(
                f"Expected a finite loss. Found {name} = {losses[name].item()}. "
                f"Lower the learning rate, or look at what the plugin returns."
            )


def gradients(
    losses: Mapping[str, Tensor], weights: Mapping[str, float], groups: Groups
) -> dict[str, Tensor]:
    """Group -> gradient (n,) of Σ weight · loss by its trained parameters, zeros where none arrives.

    Dropped terms are not read. The graph is kept for further calls.
    """
    total = weighted_sum(losses, weights) if kept(weights) else torch.zeros(())
    found = flat_gradients(total, groups)
    trained = {name: _trained(group) for name, group in groups.items()}
    return {
        name: found[name]
        if name in found
        else torch.cat([torch.zeros_like(p).flatten() for p in group])
        for name, group in trained.items()
        if group
    }


def gradients_with_heads_apart(
    losses: Mapping[str, Tensor], weights: Mapping[str, float], groups: Groups
) -> dict[str, Tensor]:
    """As `gradients`, but `uni:<m>` reaches nothing except `head:<m>`: the head reads, and does not teach."""
    uni = of_kind(weights, "uni")
    found = gradients(losses, {name: w for name, w in weights.items() if name not in uni}, groups)
    heads = [f"head:{name.partition(':')[2]}" for name in uni]
    read = gradients(losses, uni, {name: groups[name] for name in heads if name in groups})
    return found | {name: found[name] + own for name, own in read.items()}


def _trained(group: Sequence[nn.Parameter]) -> list[nn.Parameter]:
    return [parameter for parameter in group if parameter.requires_grad]
