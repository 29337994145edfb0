"""Gradients modulated by what each modality's own classifier gained."""

from __future__ import annotations

from collections.abc import Mapping

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from mmbench.contracts import Term
from mmbench.gradients import assign
from mmbench.training.step import Step
from mmbench_weightings.backpropagation import gradients_with_heads_apart, of_kind, require_finite
from mmbench_weightings.equal import Equal
from mmbench_weightings.samples import counted, mean_of

__all__ = ["CGGM", "magnitudes"]

RHO = 1.3


class CGGM(Equal):
    """Classifier-guided gradient modulation; Guo 2024, NeurIPS, arXiv:2411.01409.

    Encoder i takes ρ B_i times its gradient of L_joint + λ L_gm, where

        B_i = Σ_{k≠i} Δε_k / Σ_k Δε_k,   L_gm = 1/M Σ_i (|B_i| − B_i cos(g, g_i)).

    Δε_i is what the score of modality i's head gained since the last step: an encoder whose modality learns
    faster than the others is slowed down. The heads learn from L_i, which does not reach the encoders, so that
    its reported weight is 0. ρ = 1.3 for every encoder: AdamW does not see a constant factor.

    Where the text is silent or has no general meaning, this project's choices: the score is the batch's mean
    of exp(−L_i), which every task has; a loss of score counts as no gain, and where none gained, at the
    first step too, B_i = (M−1)/M as with equal gains (the quotient has a pole where gains and losses cancel);
    g and g_i are the gradients of L_joint and L_i by the predictions, where they have one shape, and only g is
    trained: the published code compares the heads' weights. The paper is stated for M modalities; one alone is
    left as it is.

    Cost: one backward pass, and one more through the heads.

    Args:
        direction: λ, of the direction loss.

    """

    scores: Tensor
    factors: Tensor
    steps: Tensor

    def __init__(self, terms: tuple[Term, ...], direction: float = 0.2) -> None:
        super().__init__(terms)
        self.direction = direction
        self._guided = [name.partition(":")[2] for name in of_kind(self._weights, "uni")]
        self.register_buffer("scores", torch.zeros(len(self._guided)))
        self.register_buffer("factors", magnitudes(torch.zeros(len(self._guided))))
        self.register_buffer("steps", torch.tensor(0))
        self._gap: Tensor | None = None

    def observe(self, step: Step) -> None:
        """Score the modalities, and measure the directions."""
        if not self._guided:
            return
        counts = [counted(step.batch, m, step.outputs.logits[m]) for m in self._guided]
        losses = [step.sample_losses[f"uni:{name}"] for name in self._guided]
        scores = torch.stack(
            [mean_of(torch.exp(-loss.detach()), n) for loss, n in zip(losses, counts, strict=True)]
        ).to(self.scores)
        seen = torch.stack([n.sum() > 0 for n in counts])
        scores = torch.where(seen, scores, self.scores)
        if self.steps > 0:
            self.factors.copy_(magnitudes(scores - self.scores))
        self.scores.copy_(scores)
        self.steps += 1
        self._gap = self._directions(step, counts)

    def backward(
        self, losses: Mapping[str, Tensor], groups: Mapping[str, list[nn.Parameter]]
    ) -> None:
        require_finite(losses, self._weights)
        found, weights = dict(losses), dict(self._weights)
        if self._gap is not None:
            found["direction"], weights["direction"] = self._gap, self.direction
        self._gap = None
        result = gradients_with_heads_apart(found, weights, groups)
        for name, factor in zip(self._guided, self.factors, strict=True):
            encoder = f"encoder:{name}"
            if encoder in result:
                result[encoder] = factor * result[encoder]
        assign(groups, result)

    def weights(self) -> dict[str, float]:
        return self._weights | dict.fromkeys(of_kind(self._weights, "uni"), 0.0)

    def _directions(self, step: Step, counts: list[Tensor]) -> Tensor | None:
        """L_gm, differentiable by the joint prediction."""
        joint, prediction = step.sample_losses.get("joint"), step.outputs.prediction
        if joint is None or not prediction.requires_grad or len(self._guided) < 2:
            return None
        total = (joint * counted(step.batch, "", joint)).sum()
        (g,) = torch.autograd.grad(total, prediction, create_graph=True)
        gaps = []
        for place, name in enumerate(self._guided):
            loss, logits = step.sample_losses[f"uni:{name}"], step.outputs.logits[name]
            total = (loss * counts[place]).sum()
            (own,) = torch.autograd.grad(total, logits, retain_graph=True)
            factor = self.factors[place].to(g) / RHO
            similarity = F.cosine_similarity(g.flatten(), own.flatten(), dim=0)
            gaps.append(factor.abs() - factor * similarity)
        return torch.stack(gaps).mean()


def magnitudes(gains: Tensor) -> Tensor:
    """ρ B_i (M,) from what each modality's score gained (M,)."""
    many = len(gains)
    if many < 2:
        return torch.ones_like(gains)
    gained = gains.clamp(min=0)
    total = gained.sum()
    equal = torch.full_like(gains, (many - 1) / many)
    return RHO * torch.where(total > 0, (total - gained) / total.clamp(min=1e-12), equal)
