"""An average of sequences, token by token."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor, nn

from mmbench.contracts import FusionOutput
from mmbench_fusions.mlp import mlp
from mmbench_fusions.presence import masked_softmax, per_modality
from mmbench_fusions.tokens import TokenProjections

__all__ = ["AlignedAverage", "resampling"]


class AlignedAverage(nn.Module):
    """mean_s MLP(Σ_m softmax(a)_m (R_m x_m)_s), with learned a, over present modalities.

    Each sequence x_m is resampled to one length by R_m, in which its real tokens share the time
    equally. The perceptron acts on each averaged token before the mean over steps, without which
    the order of tokens would not matter.

    Args:
        length: tokens after resampling.
        hidden: width of the perceptron.

    """

    def __init__(
        self,
        dims: Mapping[str, int],
        out_dim: int,
        length: int = 8,
        hidden: int = 64,
        dropout: float = 0.1,
    ) -> None:
        super().__init__()
        self.names = sorted(dims)
        self.length = length
        self.project = TokenProjections(dims, out_dim)
        self.scores = nn.Parameter(torch.zeros(len(dims))) if len(dims) > 1 else None
        self.body = mlp(out_dim, hidden, out_dim, dropout)

    def forward(self, tokens: Mapping[str, Tensor], masks: Mapping[str, Tensor]) -> FusionOutput:
        projected = self.project(tokens, masks)
        aligned = torch.stack(
            [
                resampling(masks[name], self.length).to(x) @ x
                for name, x in zip(self.names, projected, strict=True)
            ],
            dim=1,
        )
        present = torch.stack([masks[name].any(dim=1) for name in self.names], dim=1)
        scores = projected[0].new_zeros(len(self.names)) if self.scores is None else self.scores
        weights = masked_softmax(scores.expand(present.shape), present)
        averaged = (weights[:, :, None, None] * aligned).sum(dim=1)
        fused = self.body(averaged).mean(dim=1)
        return FusionOutput(fused, weights=per_modality(weights, self.names))


def resampling(mask: Tensor, length: int) -> Tensor:
    """The matrices `(B, length, T)` that resample the real tokens of `mask` `(B, T)`.

    The n real tokens divide the unit of time into n equal spans, the steps into `length`; a step's
    weights are the shares of its span that the tokens' spans cover. Zeros where no token is real.
    """
    count = mask.sum(dim=1, keepdim=True).clamp(min=1).double()
    end = (mask.cumsum(dim=1) / count).unsqueeze(1)
    start = end - 1 / count.unsqueeze(1)
    steps = torch.arange(length, device=mask.device, dtype=torch.float64)[:, None] / length
    overlap = torch.minimum(end, steps + 1 / length) - torch.maximum(start, steps)
    return overlap.clamp(min=0) * length * mask.unsqueeze(1)
