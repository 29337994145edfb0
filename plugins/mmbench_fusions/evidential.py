"""Decisions as opinions, joined by Dempster's rule."""

from __future__ import annotations

from collections.abc import Mapping

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from mmbench.contracts import FusionOutput
from mmbench_fusions.presence import absent_as_zero, per_modality, presence_matrix

__all__ = ["Evidential", "combined_evidence", "evidential_loss"]


class Evidential(nn.Module):
    """Opinions with evidence e_m = softplus(z_m), joined by Dempster's rule from left to right.

    TMC, Han 2021, ICLR, arXiv:2102.02051. Of C classes, with S = Σ_c e_c + C, an opinion believes
    b_c = e_c / S and leaves u = C / S to none. An absent modality is the opinion u = 1, which
    changes nothing. The result is log(e + 1), whose softmax is the mean of the joint Dirichlet. The
    evidential losses of each present modality and of the joint opinion are `aux`, in training. The
    weights it reports are 1 − u_m.

    Args:
        divergence: factor of the divergence from the uniform Dirichlet, which the paper raises from
            0 to 1 over epochs; a fusion does not know the epoch.

    """

    def __init__(self, dims: Mapping[str, int], out_dim: int, divergence: float = 0.1) -> None:
        super().__init__()
        self.names = sorted(dims)
        self.divergence = divergence

    def forward(
        self,
        logits: Mapping[str, Tensor],
        presence: Mapping[str, Tensor] | None = None,
        targets: Tensor | None = None,
    ) -> FusionOutput:
        present = presence_matrix(logits, presence, self.names)
        stacked = torch.stack([logits[name] for name in self.names], dim=1)
        evidence = absent_as_zero(F.softplus(stacked), present)
        joint = combined_evidence(evidence)
        believed = evidence.sum(dim=2)
        weights = per_modality(believed / (believed + evidence.shape[2]), self.names)
        fused = (joint + 1).log()
        if targets is None:
            return FusionOutput(fused, weights=weights)
        opinions = torch.cat([evidence, joint.unsqueeze(1)], dim=1)
        losses = evidential_loss(opinions, targets, self.divergence)
        loss = losses[:, -1].mean() + losses[:, :-1].masked_fill(~present, 0.0).sum(dim=1).mean()
        return FusionOutput(fused, {"evidence": loss}, weights)


def combined_evidence(evidence: Tensor) -> Tensor:
    """Dempster's rule on the evidence of M opinions, `(B, M, C)` -> `(B, C)`.

    b ∝ b1·b2 + b1·u2 + b2·u1 and u ∝ u1·u2, with e = C·b / u, are e = e1 + e2 + e1·e2 / C, that is
    1 + e / C = (1 + e1 / C)(1 + e2 / C). In this form conflict is no difference of large numbers, and
    the rule is seen not to depend on the order.
    """
    classes = evidence.shape[2]
    return classes * (evidence / classes).log1p().sum(dim=1).expm1()


def evidential_loss(evidence: Tensor, targets: Tensor, divergence: float) -> Tensor:
    """Expected cross-entropy under Dirichlet(e + 1), plus the divergence of what speaks for wrong classes.

    Args:
        evidence: `(B, M, C)`.
        targets: classes `(B,)`.
        divergence: factor of KL(Dirichlet(α̃) ‖ Dirichlet(1)), α̃ = e + 1 with the true class at 1.

    Returns:
        `(B, M)`.

    """
    alpha = evidence + 1
    classes = torch.arange(evidence.shape[2], device=evidence.device)
    true = (targets[:, None] == classes).unsqueeze(1)
    total = alpha.sum(dim=2)
    own = alpha.masked_fill(~true, 0.0).sum(dim=2)
    expected = total.digamma() - own.digamma()
    wrong = alpha.masked_fill(true, 1.0)
    wrong_total = wrong.sum(dim=2)
    gap = wrong.digamma() - wrong_total.digamma().unsqueeze(2)
    normaliser = wrong_total.lgamma() - torch.tensor(float(len(classes))).lgamma()
    kl = normaliser - wrong.lgamma().sum(dim=2) + ((wrong - 1) * gap).sum(dim=2)
    return expected + divergence * kl
