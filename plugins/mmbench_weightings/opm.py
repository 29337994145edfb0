"""The modality that dominates is dropped from some samples."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from itertools import chain

import torch
from torch import Tensor, nn

from mmbench.contracts import Term
from mmbench.data.part import Part
from mmbench.training.step import Step
from mmbench_weightings.equal import Equal
from mmbench_weightings.scores import dominance, mean_scores, modalities

__all__ = ["OPM"]


class OPM(Equal):
    """On-the-fly prediction modulation: Σ c L of batches in which modality i is absent with probability q_i.

    q_i = q (1 + λ tanh(ρ_i − 1)), at most 1, where ρ_i = Σ p_i(y) / Σ p_j(y) > 1, and 0 elsewhere; each sample is
    drawn by itself, in a share p of the batches. Wei 2024, TPAMI, arXiv:2410.11582. With M modalities, ρ_i
    divides by the mean of the others' scores, and a sample that would keep nothing is left whole.

    This project's choices: p_i(y) is exp(−L_i) of the unimodal head over the samples that had the modality in
    the batch before, where the paper scores and drops in one pass; a dropped modality is absent, as in data
    that lack it, where the paper zeroes its feature and scales up the rest. One backward pass.

    Args:
        base: q, the probability at ρ = 1.
        slope: λ, how much more of a strongly dominant modality is dropped.
        share: p, of the batches.

    """

    probabilities: Tensor

    def __init__(
        self, terms: tuple[Term, ...], base: float = 0.5, slope: float = 0.5, share: float = 0.7
    ) -> None:
        super().__init__(terms)
        self.base, self.slope, self.share = base, slope, share
        self.modalities = modalities(terms)
        self.register_buffer("probabilities", torch.zeros(len(self.modalities)))

    def choose(self, batch: Part) -> Part:
        if torch.rand(()) >= self.share:
            return batch
        everywhere = torch.ones(len(batch), dtype=torch.bool, device=batch.targets.device)
        here = torch.stack([batch.present.get(name, everywhere) for name in self.modalities])
        drawn = torch.rand(here.shape, device=here.device)
        left = here & (drawn >= self.probabilities[:, None])
        left = torch.where(left.any(dim=0), left, here)
        present = dict(zip(self.modalities, left, strict=True))
        return replace(batch, present=batch.present | present)

    def observe(self, step: Step) -> None:
        ratios = dominance(mean_scores(step, self.modalities))
        dropped = self.base * (1 + self.slope * torch.tanh(ratios - 1))
        self.probabilities = torch.where(ratios > 1, dropped, 0.0).clamp(max=1)

    def backward(
        self, losses: Mapping[str, Tensor], groups: Mapping[str, list[nn.Parameter]]
    ) -> None:
        super().backward(losses, groups)
        # No loss reaches an alignment of a modality that every sample lost.
        for parameter in chain(*groups.values()):
            if parameter.requires_grad and parameter.grad is None:
                parameter.grad = torch.zeros_like(parameter)
