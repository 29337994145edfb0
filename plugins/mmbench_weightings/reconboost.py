"""Alternating boosting: each modality learns what the others do not yet know."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor, nn

from mmbench.contracts import Term
from mmbench.gradients import assign
from mmbench.training.step import Step
from mmbench_weightings.backpropagation import gradients, of_kind, require_finite
from mmbench_weightings.samples import counted, mean_of
from mmbench_weightings.turns import Turns

__all__ = ["ReconBoost"]


class ReconBoost(Turns):
    """Modality reconcilement by boosting; Hua 2024, ICML, arXiv:2405.09321.

    In the turn of modality k its encoder and head alone learn from

        mean[(1 − λ p_{−k}) ℓ_k] + μ MSE(p_k, p_prev),

    with ℓ_k the loss of a sample, p_{−k} = exp(−ℓ(the other modalities' mean prediction)) its score by the
    others, so that what they already get right counts less, and p_prev the predicted probabilities of the
    modality that learned before (memory consolidation). After the M turns comes the global rectification: one
    step of everything on L_joint, the alignments and the auxiliary losses.

    λ = 1/5 and μ = ½ are the authors' for CREMA-D; of their two weights only the ratio matters to AdamW. As in
    their experiments the reconcilement is taken at the target: the whole KL divergence from p_{−k}, which is
    subtracted, has no lower bound, and no meaning in regression. This project's choices: turns change
    with each step instead of every few epochs, since a budget may have few; others are averaged, which at M = 2
    is the paper's sum and has a scale where predictions are not logits; p_k and not only p_prev is
    differentiated in the consolidation; rectification goes through the fusion that is compared.

    Cost: M+1 steps of the optimiser a batch, each with a forward and a backward pass; an encoder sees two.

    Args:
        reconcilement: λ, in [0, 1].
        consolidation: μ.

    """

    def __init__(
        self, terms: tuple[Term, ...], reconcilement: float = 0.2, consolidation: float = 0.5
    ) -> None:
        super().__init__(terms, more=1)
        self.reconcilement, self.consolidation = reconcilement, consolidation
        self._lesson: Tensor | None = None

    def observe(self, step: Step) -> None:
        """The loss of the modality whose turn it is."""
        place = int(self.turn)
        self._lesson = None if place == len(self._modalities) else self._boosted(step, place)

    def backward(
        self, losses: Mapping[str, Tensor], groups: Mapping[str, list[nn.Parameter]]
    ) -> None:
        require_finite(losses, self._weights)
        place = int(self.turn)
        weights, found = of_kind(self._weights, "joint", "align", "aux"), dict(losses)
        if place < len(self._modalities):
            term = f"uni:{self._modalities[place]}"
            weights = {term: self._weights[term]}
            if self._lesson is not None:
                found[term] = self._lesson
        self._lesson = None
        resting = self.resting(place)
        active = {name: group for name, group in groups.items() if name not in resting}
        assign(groups, gradients(found, weights, active))
        self.pass_on()

    def resting(self, turn: int) -> list[str]:
        """In a modality's turn, the fusion and the other modalities; nothing at the rectification."""
        if turn == len(self._modalities):
            return []
        others = [name for place, name in enumerate(self._modalities) if place != turn]
        kinds = [f"{kind}:{name}" for name in others for kind in ("encoder", "head")]
        return [*kinds, "shared", "align"]

    def _boosted(self, step: Step, place: int) -> Tensor:
        name, logits = self._modalities[place], step.outputs.logits
        losses = step.sample_losses[f"uni:{name}"]
        counts = counted(step.batch, name, losses)
        others = [logits[other].detach() for other in self._modalities if other != name]
        if not others:
            return mean_of(losses, counts)
        gallery = step.outputs.gallery
        target = step.batch.targets if gallery is None else gallery.detach()
        known = torch.exp(-step.task.loss(torch.stack(others).mean(dim=0), target)).clamp(max=1)
        before = logits[self._modalities[place - 1]].detach()
        gaps = _probabilities(step, logits[name]) - _probabilities(step, before)
        boosted = (1 - self.reconcilement * known) * losses
        return mean_of(boosted + self.consolidation * gaps.square().mean(dim=1), counts)


def _probabilities(step: Step, prediction: Tensor) -> Tensor:
    """Of classes or labels; predictions that are no logits stay as they are."""
    if step.task.name == "classification":
        return prediction.softmax(dim=1)
    return prediction.sigmoid() if step.task.name == "multilabel" else prediction
