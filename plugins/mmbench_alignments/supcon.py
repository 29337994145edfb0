"""The contrastive loss in which samples of one target belong together."""

from __future__ import annotations

from torch import Tensor, nn

from mmbench_alignments.pairs import contrast, cosines, same_targets

__all__ = ["SupCon"]


class SupCon(nn.Module):
    """Mean over anchors a of −1/|P(a)| Σ_{p ∈ P(a)} log softmax(cos(z_a, z_·)/τ)_p.

    L_out of Khosla 2020, NeurIPS, arXiv:2004.11362, across modalities: anchors z_i against the
    batch's z_j, and z_j against z_i, halved. P(a) are the samples whose targets equal a's in every
    column, a itself among them: here it is the other modality, not the anchor again. Without
    targets it is InfoNCE at a fixed τ, and nearly so in regression, where targets seldom repeat. A
    batch of one has nothing to tell apart and an empty one nothing at all: both give 0.

    Args:
        dim: size of the projected features z.
        temperature: τ; the default is this project's choice, where InfoNCE starts.

    """

    def __init__(self, dim_i: int, dim_j: int, dim: int = 32, temperature: float = 0.07) -> None:
        super().__init__()
        self.temperature = temperature
        self.project_i = nn.Linear(dim_i, dim)
        self.project_j = nn.Linear(dim_j, dim)

    def forward(self, x_i: Tensor, x_j: Tensor, targets: Tensor | None = None) -> Tensor:
        """`(B, dim_i)`, `(B, dim_j)` and targets `(B,)` or `(B, K)` -> scalar loss."""
        scores = cosines(self.project_i(x_i), self.project_j(x_j)) / self.temperature
        positives = same_targets(x_i, targets)
        return (contrast(scores, positives) + contrast(scores.T, positives)) / 2
