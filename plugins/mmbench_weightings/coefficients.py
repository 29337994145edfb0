"""The user's tables of λ and w, completed and applied."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor

from mmbench.contracts import Term
from mmbench.errors import BadParameter

__all__ = ["complete", "kept", "weighted_sum"]


def complete(terms: tuple[Term, ...], silent: Mapping[str, float]) -> dict[str, float]:
    """Term name -> coefficient: the table's, or `silent[kind]` (1 if missing) where it is silent.

    Raises:
        BadParameter: if every coefficient is zero.

    """
    weights = {
        term.name: silent.get(term.kind, 1.0) if term.coefficient is None else term.coefficient
        for term in terms
    }
    if not any(weights.values()):
        raise BadParameter(
            f"Expected a term of the loss with a weight other than zero. Found {weights}. "
            f"Raise the weight of one."
        )
    return weights


def kept(weights: Mapping[str, float]) -> list[str]:
    """The terms that are not dropped: the loss of one that is may be NaN and is never read."""
    return [name for name, weight in weights.items() if weight != 0]


def weighted_sum(losses: Mapping[str, Tensor], weights: Mapping[str, float]) -> Tensor:
    """Σ weight · loss over the terms that are not dropped."""
    return torch.stack([losses[name] * weights[name] for name in kept(weights)]).sum()
