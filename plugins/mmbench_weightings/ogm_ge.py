"""Slower steps for the encoder of the modality that dominates, and noise for all."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor, nn

from mmbench.contracts import Term
from mmbench.training.step import Step
from mmbench_weightings.equal import Equal
from mmbench_weightings.scores import dominance, mean_scores, modalities

__all__ = ["OGMGE"]


class OGMGE(Equal):
    """On-the-fly gradient modulation with generalisation enhancement, on the gradient g_i of encoder i of Σ c L.

    g_i ← k_i g_i + N(0, std(g_i)²), with k_i = 1 − tanh(α ρ_i) where ρ_i > 1, else 1, and
    ρ_i = Σ p_i(y) / Σ p_j(y) over the batch. Peng 2022, CVPR, arXiv:2203.15332. The standard deviation is that of
    the elements of each tensor of parameters, before k. With M modalities, ρ_i divides by the mean of the other
    modalities' scores. p_i(y) is exp(−L_i) of the unimodal head, which has a meaning for every task; the paper
    reads it off the fused classifier. One backward pass. AdamW undoes a k that stays the same; it acts where
    k changes, and through the noise.

    Args:
        alpha: α, how fast a dominant modality is slowed.

    """

    modulation: Tensor

    def __init__(self, terms: tuple[Term, ...], alpha: float = 0.3) -> None:
        super().__init__(terms)
        self.alpha = alpha
        self.modalities = modalities(terms)
        self.register_buffer("modulation", torch.ones(len(self.modalities)))

    def observe(self, step: Step) -> None:
        ratios = dominance(mean_scores(step, self.modalities))
        slowed = 1 - torch.tanh(self.alpha * ratios)
        self.modulation = torch.where(ratios > 1, slowed, torch.ones_like(slowed))

    def backward(
        self, losses: Mapping[str, Tensor], groups: Mapping[str, list[nn.Parameter]]
    ) -> None:
        super().backward(losses, groups)
        for name, k in zip(self.modalities, self.modulation, strict=True):
            for parameter in groups.get(f"encoder:{name}", []):
                gradient = parameter.grad
                if gradient is not None:
                    noise = torch.randn_like(gradient) * gradient.std(correction=0)
                    parameter.grad = k * gradient + noise
