"""The gradient of each term on each group of parameters."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from torch import Tensor, nn

from mmbench.training.gradients import flat_gradients

__all__ = ["jacobians"]


def jacobians(
    losses: Mapping[str, Tensor], groups: Mapping[str, Sequence[nn.Parameter]]
) -> dict[str, dict[str, Tensor]]:
    """Group -> term -> the term's gradient on the group's trained parameters, flat (n,).

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
