"""What plugin modules receive and return."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import torch
from torch import Tensor, nn

__all__ = ["FusionOutput", "LossWeighting", "Term"]


@dataclass(frozen=True)
class FusionOutput:
    """What a fusion may return instead of a bare tensor.

    Attributes:
        fused: `(B, out_dim)`, or `(B, C)` logits from a fusion at the level `logits`.
        aux: name -> scalar loss that joins the objective as the term `aux:<name>`.
        weights: modality -> `(B,)`, how much each modality counted, for explanations.

    """

    fused: Tensor
    aux: Mapping[str, Tensor] = field(default_factory=dict)
    weights: Mapping[str, Tensor] = field(default_factory=dict)


@dataclass(frozen=True)
class Term:
    """One term of the joint loss.

    Attributes:
        name: `joint`, `uni:<m>`, `align:<i>-><j>` or `aux:<name>`.
        kind: the part of the name before the colon.
        coefficient: λ or w from the user's tables, None where the tables are silent.

    """

    name: str
    coefficient: float | None = None

    @property
    def kind(self) -> str:
        return self.name.partition(":")[0]


class LossWeighting(nn.Module):
    """Chooses λ_i and w_ij, or combines or modulates gradients.

    A weighting overrides what it needs; each method's default does nothing more than its line says.
    State belongs in parameters and buffers, so that it is in `state_dict`.
    """

    def __init__(self, terms: tuple[Term, ...]) -> None:
        super().__init__()
        self.terms = terms

    def forward(self, losses: Mapping[str, Tensor]) -> Tensor:
        """Combine the terms' scalar losses into one: their sum."""
        return torch.stack(list(losses.values())).sum()

    def backward(
        self, losses: Mapping[str, Tensor], groups: Mapping[str, list[nn.Parameter]]
    ) -> None:
        """Set `.grad` of every parameter: back-propagate the combined loss.

        `groups` are the model's declared parameter groups: `shared`, `encoder:<m>`, `head:<m>`, `align`.
        """
        self(losses).backward()

    def after_step(self, losses: Mapping[str, Tensor]) -> None:
        """See the same batch's losses after the optimiser's step; costs a forward pass if overridden."""

    def end_epoch(self, train: Mapping[str, float], validation: Mapping[str, float]) -> None:
        """See the epoch's mean loss per term."""

    def weights(self) -> dict[str, float]:
        """The weight in force on each term, for the record; empty where it has none."""
        return {}
