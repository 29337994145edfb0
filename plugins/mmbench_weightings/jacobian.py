"""The gradient of each term on each group of parameters, and back into `.grad`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import islice

import torch
from torch import Tensor, nn

__all__ = ["jacobians", "set_gradient"]


def jacobians(
    losses: Mapping[str, Tensor], groups: Mapping[str, Sequence[nn.Parameter]]
) -> dict[str, dict[str, Tensor]]:
    """Group -> term -> the term's gradient on the group's trained parameters, flat (n,).

    A term that does not reach a group has no entry there. One backward pass a term; the last frees
    the graph.
    """
    trained = {name: _trained(group) for name, group in groups.items()}
    flat = [parameter for group in trained.values() for parameter in group]
    found: dict[str, dict[str, Tensor]] = {name: {} for name in groups}
    reaching = {term: loss for term, loss in losses.items() if loss.requires_grad and flat}
    for place, (term, loss) in enumerate(reaching.items(), start=1):
        keep = place < len(reaching)
        pieces = iter(torch.autograd.grad(loss, flat, retain_graph=keep, allow_unused=True))
        for name, group in trained.items():
            own = list(islice(pieces, len(group)))
            if any(piece is not None for piece in own):
                pairs = zip(own, group, strict=True)
                found[name][term] = torch.cat(
                    [(torch.zeros_like(p) if g is None else g).flatten() for g, p in pairs]
                )
    return found


def set_gradient(parameters: Sequence[nn.Parameter], gradient: Tensor | None) -> None:
    """Cut a flat gradient (n,) into the trained parameters' `.grad`; zeros where there is none."""
    trained = _trained(parameters)
    if gradient is None:
        pieces = [torch.zeros_like(parameter) for parameter in trained]
    else:
        pieces = list(torch.split(gradient, [parameter.numel() for parameter in trained]))
    for parameter, piece in zip(trained, pieces, strict=True):
        parameter.grad = piece.view_as(parameter)


def _trained(parameters: Sequence[nn.Parameter]) -> list[nn.Parameter]:
    return [parameter for parameter in parameters if parameter.requires_grad]
