"""How well each modality does alone, which the methods of multimodal balance compare."""

from __future__ import annotations

import torch
from torch import Tensor

from mmbench.contracts import Term
from mmbench.data.part import Part
from mmbench.training.step import Step
from mmbench_weightings.samples import counted

__all__ = ["average", "dominance", "mean_scores", "modalities", "others"]

_SMALL = 1e-12  # a score that underflowed is still a score: 0 / 0 counts as 1


def modalities(terms: tuple[Term, ...]) -> tuple[str, ...]:
    """The M modalities that have a loss of their own, which are the fused ones."""
    return tuple(term.rest for term in terms if term.kind == "uni")


def average(values: Tensor, batch: Part, modality: str = "") -> Tensor:
    """Mean of (B,) over the samples that have the modality, by their weights; NaN where none has it."""
    counts = counted(batch, modality, values)
    return counts @ values / counts.sum()


def mean_scores(step: Step, names: tuple[str, ...]) -> Tensor:
    """The mean of exp(−unimodal loss) of each modality, (M,), without gradient.

    In classification that is the mean probability of the true class.
    """
    scores = [
        average(torch.exp(-step.sample_losses[f"uni:{name}"].detach()), step.batch, name)
        for name in names
    ]
    return torch.stack(scores).clamp(min=_SMALL)


def others(values: Tensor) -> Tensor:
    """For each of (M,), the mean of the others; NaN where there is no other."""
    apart = torch.eye(len(values), dtype=torch.bool, device=values.device)
    return torch.where(apart, torch.nan, values).nanmean(dim=1)


def dominance(scores: Tensor) -> Tensor:
    """ρ_i = s_i / mean of the other scores, (M,); 1 where there is nothing to compare.

    With two modalities this is the ratio ρ_i = s_i / s_j of the papers.
    """
    return (scores / others(scores)).nan_to_num(nan=1.0)
