"""A joint loss that looks at directions only, so that no modality wins by its norm."""

from __future__ import annotations

from collections.abc import Mapping
from typing import cast

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from mmbench.contracts import Term
from mmbench.errors import NotApplicable
from mmbench.training.step import Step, Training
from mmbench_weightings.equal import Equal
from mmbench_weightings.scores import average, modalities

__all__ = ["MMCosine"]

_TASKS = ("classification", "multilabel")


class MMCosine(Equal):
    """Σ c L plus the task's loss of the logits s · Σ_i cos(W_i, x_i); Xu 2023, ICASSP, arXiv:2303.05338.

    x_i is the feature of modality i and W_i are the rows of its unimodal head. The sum has one term a modality,
    for any M; an absent modality adds nothing. In the paper these logits are the model's prediction; here,
    where any fusion makes the prediction, they are one more late fusion that trains encoders and heads (this
    project's choice). Classification and multilabel only. One backward pass.

    Args:
        scale: s, of the cosines, which alone would be too small for a confident softmax.

    """

    def __init__(self, terms: tuple[Term, ...], scale: float = 15.0) -> None:
        super().__init__(terms)
        self.scale = scale
        self.modalities = modalities(terms)
        self._cosine_loss: Tensor | None = None

    def begin(self, training: Training) -> None:
        """Refuse tasks whose prediction is not one logit a class.

        Raises:
            NotApplicable: in regression and retrieval.

        """
        if training.task.name not in _TASKS:
            raise NotApplicable(
                f"Expected the task of weighting 'mmcosine' to be {' or '.join(_TASKS)}. "
                f"Found {training.task.name}."
            )

    def observe(self, step: Step) -> None:
        cosines = torch.stack([_cosines(step, name) for name in self.modalities]).sum(dim=0)
        loss = step.task.loss(self.scale * cosines, step.batch.targets)
        self._cosine_loss = average(loss, step.batch)

    def forward(self, losses: Mapping[str, Tensor]) -> Tensor:
        total, extra = super().forward(losses), self._cosine_loss
        self._cosine_loss = None  # of this batch only
        return total if extra is None else total + extra


def _cosines(step: Step, name: str) -> Tensor:
    """Cosine between features (B, D) and the head's rows (C, D): (B, C)."""
    # Far from zero, so that the gradient of a feature that is zero stays small.
    features = F.normalize(step.outputs.features[name], dim=1, eps=1e-6)
    head = cast(nn.Linear, step.model.unimodal_heads[f"@{name}"])
    return F.linear(features, F.normalize(head.weight, dim=1))
