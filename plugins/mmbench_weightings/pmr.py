"""The weaker modality is pulled to the prototypes of its classes."""

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
from mmbench_weightings.samples import counted
from mmbench_weightings.scores import average, dominance, modalities

__all__ = ["PMR"]

_NEVER = -1e9  # the logit of a class without a prototype
_SMALL = 1e-12  # a class of no sample has no mean


class PMR(Equal):
    """Prototypical modal rebalance: Σ c L + α Σ_i β_i P_i; Fan 2023, CVPR, arXiv:2211.07089.

    p_i = softmax(−‖x_i − prototypes‖) over classes, P_i is its cross-entropy, β_i = clip(1/ρ_i − 1, 0, 1) and
    ρ_i = Σ p_i(y) / Σ p_j(y) over the batch, so that only the weaker modality is pulled. With M modalities, ρ_i
    divides by the mean of the others' scores. A prototype is a class's mean feature; each epoch it becomes
    (1 − ε) of the new mean and ε of the old. This project's choices: means are over the features that training
    saw in the epoch, which costs no pass, so that P counts from the second epoch on; the paper's entropy
    term for the first epochs is left out. Classification only. One backward pass.

    Args:
        alpha: α, weight of the prototypes' cross-entropy.
        momentum: ε, share of the old prototypes.

    """

    prototypes: Tensor  # (M, C, D)
    known: Tensor  # (M, C), whether the class has one
    sums: Tensor  # (M, C, D), of this epoch's features
    counts: Tensor  # (M, C)

    def __init__(self, terms: tuple[Term, ...], alpha: float = 1.0, momentum: float = 0.2) -> None:
        super().__init__(terms)
        self.alpha, self.momentum = alpha, momentum
        self.modalities = modalities(terms)
        self._pull: Tensor | None = None
        for name in ("prototypes", "known", "sums", "counts"):
            self.register_buffer(name, torch.zeros(0))  # `begin` knows their sizes

    def begin(self, training: Training) -> None:
        """Make room for the prototypes.

        Raises:
            NotApplicable: outside classification: prototypes are of classes.

        """
        if training.task.name != "classification":
            raise NotApplicable(
                f"Expected the task of weighting 'pmr' to be classification. "
                f"Found {training.task.name}."
            )
        head = cast(nn.Linear, training.model.unimodal_heads[f"@{self.modalities[0]}"])
        shape = (len(self.modalities), *head.weight.shape)
        self.prototypes, self.sums = head.weight.new_zeros(shape), head.weight.new_zeros(shape)
        self.counts = head.weight.new_zeros(shape[:2])
        self.known = self.counts > 0

    def observe(self, step: Step) -> None:
        if self.known.any():
            losses = [self._losses(step, place) for place in range(len(self.modalities))]
            pairs = list(zip(losses, self.modalities, strict=True))
            scores = [average(torch.exp(-loss.detach()), step.batch, name) for loss, name in pairs]
            strengths = (1 / dominance(torch.stack(scores)) - 1).clamp(0, 1)
            pulls = torch.stack([average(loss, step.batch, name) for loss, name in pairs])
            self._pull = self.alpha * (strengths * pulls.nan_to_num()).sum()
        self._collect(step)

    def forward(self, losses: Mapping[str, Tensor]) -> Tensor:
        total, pull = super().forward(losses), self._pull
        self._pull = None  # of this batch only
        return total if pull is None else total + pull

    def end_epoch(self, train: Mapping[str, float], validation: Mapping[str, float]) -> None:
        seen = self.counts > 0
        means = self.sums / self.counts.clamp(min=_SMALL)[..., None]
        share = torch.where(self.known, self.momentum, 0.0)[..., None]
        moved = (1 - share) * means + share * self.prototypes
        self.prototypes = torch.where(seen[..., None], moved, self.prototypes)
        self.known = self.known | seen
        self.sums, self.counts = torch.zeros_like(self.sums), torch.zeros_like(self.counts)

    def _losses(self, step: Step, place: int) -> Tensor:
        """The prototypes' cross-entropy of each sample, (B,)."""
        features = step.outputs.features[self.modalities[place]]
        logits = -torch.cdist(features, self.prototypes[place])
        logits = logits.masked_fill(~self.known[place], _NEVER)
        return F.cross_entropy(logits, step.batch.targets, reduction="none")

    @torch.no_grad()
    def _collect(self, step: Step) -> None:
        """Add the batch's features to the sums of their classes."""
        classes = F.one_hot(step.batch.targets, self.counts.shape[1])
        for place, name in enumerate(self.modalities):
            features = step.outputs.features[name]
            member = classes.to(features) * counted(step.batch, name, features)[:, None]
            self.sums[place] += member.T @ features
            self.counts[place] += member.sum(dim=0)
