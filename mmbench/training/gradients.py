"""What is seen of the terms' gradients: how they agree, and what they cost."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import combinations
from typing import Any

import torch
from torch import Tensor, nn

__all__ = ["BackwardPasses", "conflicts", "flat_gradients"]


def conflicts(
    losses: Mapping[str, Tensor], groups: Mapping[str, Sequence[Tensor]]
) -> dict[str, float]:
    """The cosine between the gradients of every two terms that reach an encoder.

    Args:
        losses: term -> scalar loss of one batch.
        groups: the model's parameter groups.

    Returns:
        `<modality>: <term> | <term>` -> cosine in [−1, 1]; below 0 the terms pull the encoder apart.

    """
    found: dict[str, float] = {}
    encoders = {name: group for name, group in groups.items() if name.startswith("encoder:")}
    if len(losses) < 2 or not encoders:
        return found
    by_term = {name: flat_gradients(loss, encoders) for name, loss in losses.items()}
    for encoder in encoders:
        reached = {name: g[encoder] for name, g in by_term.items() if encoder in g}
        for a, b in combinations(reached, 2):
            cosine = nn.functional.cosine_similarity(reached[a], reached[b], dim=0)
            found[f"{encoder.partition(':')[2]}: {a} | {b}"] = float(cosine)
    return found


def flat_gradients(
    loss: Tensor, groups: Mapping[str, Sequence[Tensor]], *, keep_graph: bool = True
) -> dict[str, Tensor]:
    """The gradient of a loss on each group's trained parameters, flat (n,).

    A group that the loss does not reach has no entry.

    Args:
        loss: scalar.
        groups: the model's parameter groups.
        keep_graph: for further calls.

    """
    if not loss.requires_grad:
        return {}
    groups = {
        name: [parameter for parameter in group if parameter.requires_grad]
        for name, group in groups.items()
    }
    flat = [parameter for group in groups.values() for parameter in group]
    if not flat:
        return {}
    gradients = torch.autograd.grad(loss, flat, retain_graph=keep_graph, allow_unused=True)
    found, start = {}, 0
    for name, group in groups.items():
        own = gradients[start : start + len(group)]
        start += len(group)
        pairs = zip(own, group, strict=True)
        if any(gradient is not None for gradient in own):
            found[name] = torch.cat(
                [(torch.zeros_like(p) if g is None else g).flatten() for g, p in pairs]
            )
    return found


class BackwardPasses:
    """Counts how often gradients reach the encoders, from when it is opened to when it is closed."""

    def __init__(self, groups: Mapping[str, Sequence[Tensor]]) -> None:
        encoders = [group for name, group in groups.items() if name.startswith("encoder:")]
        self.a_batch = 0.0
        self._watched = [group[0] for group in encoders if group[0].requires_grad]
        self._arrivals = 0
        self._hooks: list[Any] = []

    def open(self) -> None:
        """Start counting."""
        self._hooks = [p.register_hook(self._arrived) for p in self._watched]  # type: ignore[no-untyped-call]

    def close(self, batches: int) -> None:
        """Stop counting after this many batches: a hook costs time."""
        if self._hooks:
            self.a_batch = self._arrivals / len(self._watched) / batches
        for hook in self._hooks:
            hook.remove()
        self._hooks = []

    def _arrived(self, gradient: Tensor) -> None:
        self._arrivals += 1
