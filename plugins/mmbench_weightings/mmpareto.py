"""Pareto integration of the joint and the unimodal gradient in each encoder."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor, nn

from mmbench.contracts import Term
from mmbench.gradients import assign
from mmbench_weightings.backpropagation import gradients, of_kind, require_finite
from mmbench_weightings.equal import Equal

__all__ = ["MMPareto", "integrate"]

GAMMA = 1.5


class MMPareto(Equal):
    """Encoder i takes γ·s·2(α g_joint + (1−α) g_i); Wei and Hu 2024, ICML, arXiv:2405.17730.

    g_joint and g_i are its gradients of c·L_joint and c·L_i. Where they agree (cosine above 0) α = ½: the
    plain sum. Where they conflict α is that of the min-norm point, which descends both losses, and s ≥ 1
    restores the norm of the plain sum. γ = 1.5: AdamW does not see a constant factor, only clipping does.

    An encoder that only one of the two losses reaches takes γ times that gradient: the min-norm point of
    a gradient and zero would be zero. Other groups, and the other terms in the encoders, take their plain
    sum. The paper goes encoder by encoder, so that nothing changes with more than two.

    Cost: two backward passes, since L_i reaches no other modality's encoder and one pass serves all L_i; a
    third where there are alignments or auxiliary losses.
    """

    factors: Tensor
    steps: Tensor

    def __init__(self, terms: tuple[Term, ...]) -> None:
        super().__init__(terms)
        self._assisted = list(of_kind(self._weights, "uni"))
        self.register_buffer("factors", torch.ones(len(self._assisted), 2))
        self.register_buffer("steps", torch.tensor(0))

    def backward(
        self, losses: Mapping[str, Tensor], groups: Mapping[str, list[nn.Parameter]]
    ) -> None:
        require_finite(losses, self._weights)
        joint, uni, rest = (
            gradients(losses, of_kind(self._weights, *kinds), groups)
            for kinds in (("joint",), ("uni",), ("align", "aux"))
        )
        found = {name: joint[name] + uni[name] + rest[name] for name in joint}
        self.steps += 1
        for place, term in enumerate(self._assisted):
            encoder = f"encoder:{term.partition(':')[2]}"
            if encoder in found:
                factors = integrate(joint[encoder], uni[encoder])
                chosen = factors[0] * joint[encoder] + factors[1] * uni[encoder]
                found[encoder] = chosen + rest[encoder]
                self.factors[place] += (factors - self.factors[place]) / self.steps
        assign(groups, found)

    def end_epoch(self, train: Mapping[str, float], validation: Mapping[str, float]) -> None:
        self.steps.zero_()

    def weights(self) -> dict[str, float]:
        """Mean factors of the epoch's steps in the encoders, times c; of L_joint the mean over encoders."""
        seen = dict(zip(self._assisted, self.factors[:, 1].tolist(), strict=True))
        if self._assisted:
            seen["joint"] = float(self.factors[:, 0].mean())
        return {name: c * seen.get(name, 1.0) for name, c in self._weights.items()}


def integrate(joint: Tensor, uni: Tensor) -> Tensor:
    """The factors (2,) of the joint and the unimodal gradient, (n,) each."""
    cross, apart = joint @ uni, joint - uni
    nearest = -(apart @ uni) / (apart @ apart).clamp(min=torch.finfo(apart.dtype).tiny)
    conflict = (cross <= 0) & joint.any() & uni.any()
    alpha = torch.where(conflict, nearest.clamp(0, 1), torch.full_like(nearest, 0.5))
    factors = 2 * torch.stack([alpha, 1 - alpha])
    length = (factors[0] * joint + factors[1] * uni).norm()
    scale = torch.where(length > 0, (joint + uni).norm() / length, torch.ones_like(length))
    return GAMMA * scale.clamp(min=1) * factors
