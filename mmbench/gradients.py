"""Gradients of losses, flat by group of parameters."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor, nn

__all__ = ["assign", "flat_gradients", "jacobians"]

Groups = Mapping[str, Sequence[Tensor]]


def flat_gradients(loss: Tensor, groups: Groups, *, keep_graph: bool = True) -> dict[str, Tensor]:
    """The gradient of a loss on each group's trained parameters, flat (n,).

    Where several trainings share a graph, the loss is (K,), parameters are (K, …) and gradients (K, n).
    A group that the loss does not reach has no entry.

    Args:
        loss: scalar, or (K,).
        groups: the model's parameter groups.
        keep_graph: for further calls.

    """
    if not loss.requires_grad:
        return {}
    groups = {name: [p for p in group if p.requires_grad] for name, group in groups.items()}
    flat = [parameter for group in groups.values() for parameter in group]
    if not flat:
        return {}
    gradients = torch.autograd.grad(loss.sum(), flat, retain_graph=keep_graph, allow_unused=True)
    found, start = {}, 0
    for name, group in groups.items():
        own = gradients[start : start + len(group)]
        start += len(group)
        pairs = zip(own, group, strict=True)
        if any(gradient is not None for gradient in own):
            filled = [torch.zeros_like(p) if g is None else g for g, p in pairs]
            found[name] = torch.cat([g.flatten(loss.dim()) for g in filled], dim=-1)
    return found


def jacobians(losses: Mapping[str, Tensor], groups: Groups) -> dict[str, dict[str, Tensor]]:
    """Group -> term -> the term's gradient on the group's trained parameters, as of `flat_gradients`.

    A term that does not reach a group has no entry there. One backward pass a term; the last frees
    the graph.
    """
    found: dict[str, dict[str, Tensor]] = {name: {} for name in groups}
    reaching = {term: loss for term, loss in losses.items() if loss.requires_grad}
    for place, (term, loss) in enumerate(reaching.items(), start=1):
        gradients = flat_gradients(loss, groups, keep_graph=place < len(reaching))
        for name, gradient in gradients.items():
            found[name][term] = gradient
    return found


def assign(groups: Mapping[str, list[nn.Parameter]], found: Mapping[str, Tensor]) -> None:
    """Set `.grad` from flat gradients; zeros in the groups that are left out."""
    for name, group in groups.items():
        trained = [parameter for parameter in group if parameter.requires_grad]
        sizes = [parameter.numel() for parameter in trained]
        flat = torch.split(found[name], sizes) if name in found else map(torch.zeros_like, trained)
        for parameter, value in zip(trained, flat, strict=True):
            parameter.grad = value.view_as(parameter)
