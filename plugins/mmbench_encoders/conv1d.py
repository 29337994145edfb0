"""The encoder of series: strided convolutions along time."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from mmbench.data.preparation import InputSpec
from mmbench.errors import BadParameter
from mmbench_encoders.masks import step_mask, zero_padding
from mmbench_encoders.shapes import expect_shape

__all__ = ["Conv1dEncoder", "StridedConvolution", "downsample_mask", "windows"]


class Conv1dEncoder(nn.Module):
    """Strided convolutions from a series `(B, T, C)` to tokens `(B, T / stride**layers, dim)`.

    Each output step stands for a stride window `[t * stride, (t + 1) * stride)` and is real if any
    step of that window is. Its kernel covers the window and reaches beyond it on both sides alike.
    Masked steps are zero before each convolution, as is what lies beyond the ends, so that a series
    padded to any length gives the tokens of the same series alone.

    Args:
        channels: width of the convolutions.
        kernel: steps that one output step sees; at least the stride.
        stride: steps per output step of one layer.
        layers: number of convolutions.

    """

    def __init__(
        self,
        spec: InputSpec,
        dim: int,
        channels: int = 32,
        kernel: int = 6,
        stride: int = 4,
        layers: int = 2,
        dropout: float = 0.1,
    ) -> None:
        super().__init__()
        _, features = expect_shape(spec, "T", "C")
        sizes = [features] + [channels] * layers
        self.convolutions = nn.ModuleList(
            StridedConvolution(size, channels, kernel, stride) for size in sizes[:-1]
        )
        self.dropout = nn.Dropout(dropout)
        self.project = nn.Linear(sizes[-1], dim)

    def forward(self, x: Tensor, mask: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """`x` `(B, T, C)`, `mask` `(B, T)` -> tokens `(B, T', dim)`, mask `(B, T')`."""
        mask = step_mask(x, mask, x.shape[1])
        for convolution in self.convolutions:
            x, mask = convolution(x, mask)
        return zero_padding(self.project(self.dropout(x)), mask), mask


class StridedConvolution(nn.Module):
    """One convolution along time, layer normalisation over channels, ReLU.

    Written as a product with the gathered windows: on a CPU it is faster than `nn.Conv1d` at these
    sizes, alone and under `vmap`, where it is a batched product instead of a grouped convolution.
    """

    def __init__(self, in_channels: int, out_channels: int, kernel: int, stride: int) -> None:
        super().__init__()
        if kernel < stride:
            raise BadParameter(
                f"Expected the kernel to be at least the stride, so that no step is skipped. "
                f"Found kernel={kernel}, stride={stride}."
            )
        self.kernel, self.stride = kernel, stride
        self.weigh = nn.Linear(in_channels * kernel, out_channels)
        self.norm = nn.LayerNorm(out_channels)

    def forward(self, x: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
        gathered = windows(zero_padding(x, mask), self.kernel, self.stride)
        return F.relu(self.norm(self.weigh(gathered))), downsample_mask(mask, self.stride)


def windows(x: Tensor, kernel: int, stride: int) -> Tensor:
    """What each output step sees: `(B, T, C)` -> `(B, ceil(T / stride), kernel * C)`."""
    count = -(-x.shape[1] // stride)
    before = (kernel - stride) // 2
    last = (count - 1) * stride
    padded = F.pad(x, (0, 0, before, max(0, last + kernel - before - x.shape[1])))
    return torch.cat([padded[:, i : i + last + 1 : stride] for i in range(kernel)], dim=-1)


def downsample_mask(mask: Tensor, stride: int) -> Tensor:
    """`(B, T)` -> `(B, ceil(T / stride))`: whether any step of each stride window is real."""
    padded = F.pad(mask, (0, -mask.shape[1] % stride), value=False)
    return padded.reshape(len(mask), -1, stride).any(dim=-1)
