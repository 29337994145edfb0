"""What is seen of the terms' gradients: how they agree, and what they cost."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import combinations
from typing import Any

from torch import Tensor, nn

from mmbench.gradients import flat_gradients

__all__ = ["BackwardPasses", "conflicts"]


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
