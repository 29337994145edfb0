"""Encoders' gradients scaled by how far a modality is from its usual share of the prediction."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import combinations
from math import factorial

import torch
from torch import Tensor, nn

from mmbench.contracts import Term
from mmbench.training.step import Step
from mmbench_weightings.equal import Equal
from mmbench_weightings.scores import average, modalities, others

__all__ = ["AGM", "mono_responses"]

_LARGEST = 50.0  # of an exponent: ratios stay finite in single precision


class AGM(Equal):
    """Adaptive gradient modulation: the gradient of Σ c L in encoder i, times k_i = exp(α · min(τ_i − r_i, cap)).

    r_i = exp(M/(M−1) · (s̄ − s_i)), where s_i is the batch's loss of the mono-modal response φ_i: the Shapley
    value of modality i for the fused prediction v, with v(∅) = 0. With two modalities that is the paper's
    φ_1 = ½ [v(1, 2) − v(0, 2) + v(1, 0)] and r_1 = exp(s_2 − s_1). τ_i is the same ratio of the losses averaged
    over all batches so far, this one included. Li 2023, ICCV, arXiv:2308.07686. The paper scales the gradient
    that reaches each response; here it is that of the encoders. With one modality nothing is scaled. AdamW
    undoes a k that stays the same.

    One backward pass, and a forward pass without gradient for each subset of the modalities that is neither
    empty nor whole: 2^M − 2.

    Args:
        alpha: α, strength of the modulation.
        cap: of τ − r, so that a gradient does not explode.

    """

    averages: Tensor
    steps: Tensor
    modulation: Tensor

    def __init__(self, terms: tuple[Term, ...], alpha: float = 0.5, cap: float = 10.0) -> None:
        super().__init__(terms)
        self.alpha, self.cap = alpha, cap
        self.modalities = modalities(terms)
        self.register_buffer("averages", torch.zeros(len(self.modalities)))
        self.register_buffer("steps", torch.zeros(()))
        self.register_buffer("modulation", torch.ones(len(self.modalities)))

    @torch.no_grad()
    def observe(self, step: Step) -> None:
        gallery = step.outputs.gallery
        target = step.batch.targets if gallery is None else gallery
        losses = torch.stack(
            [
                average(step.task.loss(response, target), step.batch, name)
                for name, response in mono_responses(step, self.modalities).items()
            ]
        )
        # A modality that no sample of the batch has stays as it was.
        losses = torch.where(losses.isnan(), self.averages.to(losses), losses)
        self.steps = self.steps + 1
        self.averages = self.averages.to(losses).lerp(losses, 1 / self.steps)
        beyond = _ratios(self.averages) - _ratios(losses)
        self.modulation = torch.exp(self.alpha * beyond.clamp(max=self.cap))

    def backward(
        self, losses: Mapping[str, Tensor], groups: Mapping[str, list[nn.Parameter]]
    ) -> None:
        super().backward(losses, groups)
        for name, k in zip(self.modalities, self.modulation, strict=True):
            for parameter in groups.get(f"encoder:{name}", []):
                if parameter.grad is not None:
                    parameter.grad = k * parameter.grad


def mono_responses(step: Step, names: tuple[str, ...]) -> dict[str, Tensor]:
    """Modality -> its Shapley value for the prediction, (B, C); together they are the prediction."""
    everything = frozenset(names)
    values = {
        present: _prediction(step, everything - present)
        for size in range(1, len(names) + 1)
        for present in map(frozenset, combinations(names, size))
    }
    values[frozenset()] = torch.zeros_like(values[everything])
    return {name: _shapley(name, everything - {name}, values) for name in names}


def _shapley(name: str, rest: frozenset[str], values: Mapping[frozenset[str], Tensor]) -> Tensor:
    count = len(rest) + 1
    value = torch.zeros_like(values[rest])
    for size in range(count):
        share = factorial(size) * factorial(count - size - 1) / factorial(count)
        for present in map(frozenset, combinations(sorted(rest), size)):
            value = value + share * (values[present | {name}] - values[present])
    return value


def _prediction(step: Step, missing: Iterable[str]) -> Tensor:
    absent = sorted(missing)
    if not absent:
        return step.outputs.prediction.detach()
    return step.again(step.batch.without(*absent)).outputs.prediction


def _ratios(losses: Tensor) -> Tensor:
    """exp(mean of the other losses − own): M/(M−1) · (s̄ − s_i) is that difference."""
    return (others(losses) - losses).nan_to_num(nan=0.0).clamp(max=_LARGEST).exp()
