"""Modalities joined before they are encoded."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor, nn

from mmbench.data.preparation import InputSpec
from mmbench_encoders.conv1d import Conv1dEncoder
from mmbench_fusions.mlp import mlp
from mmbench_fusions.tokens import masked_mean

__all__ = ["EarlyInput"]


class EarlyInput(nn.Module):
    """MLP(mean_t encoder([x_1; …; x_M])): series with one time base, concatenated channel by channel.

    The shared encoder is that of each series by itself, strided convolutions. A step is real where
    any modality's is; elsewhere, and where a modality is absent, its channels are zeros.

    Args:
        hidden: width of the perceptron.

    """

    def __init__(
        self, dims: Mapping[str, int], out_dim: int, hidden: int = 64, dropout: float = 0.1
    ) -> None:
        super().__init__()
        self.names = sorted(dims)
        # The encoder is built for channels; the number of steps does not shape it.
        self.encoder = Conv1dEncoder(InputSpec((1, sum(dims.values()))), out_dim)
        self.body = mlp(out_dim, hidden, out_dim, dropout)

    def forward(self, inputs: Mapping[str, Tensor], masks: Mapping[str, Tensor]) -> Tensor:
        series = [inputs[name].masked_fill(~masks[name].unsqueeze(-1), 0.0) for name in self.names]
        mask = torch.stack([masks[name] for name in self.names]).any(dim=0)
        tokens, real = self.encoder(torch.cat(series, dim=2), mask)
        fused: Tensor = self.body(masked_mean(tokens, real))
        return fused
