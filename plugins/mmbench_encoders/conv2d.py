"""The encoder of images: two strided convolutions."""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from mmbench.data.preparation import InputSpec
from mmbench_encoders.masks import masked
from mmbench_encoders.shapes import expect_shape

__all__ = ["Conv2dEncoder", "PositionwiseLinear"]

_GRID = 8
"""Positions a side, at most, after the first convolution; the second halves them."""


class Conv2dEncoder(nn.Module):
    """Two strided convolutions from an image `(B, C, H, W)` to at most 16 tokens, one a position.

    The first convolution's stride is chosen so that its map has at most 8 positions a side: 2 for
    digits of 15×16, 4 for tiles of 32×32. An image that needs finer detail deserves a larger
    encoder. Each position has its own projection, so that the mean of the tokens is the fully
    connected layer of LeNet and keeps what stands where: with one projection for all, logistic
    regression on the pixels was better.

    Args:
        channels: of the first convolution; the second has twice as many.

    """

    def __init__(self, spec: InputSpec, dim: int, channels: int = 16, dropout: float = 0.1) -> None:
        super().__init__()
        depth, height, width = expect_shape(spec, "C", "H", "W")
        strides = (math.ceil(height / _GRID), math.ceil(width / _GRID))
        self.stem = _convolution(depth, channels, strides)
        self.stem_norm = nn.GroupNorm(1, channels)
        self.body = _convolution(channels, 2 * channels, (2, 2))
        self.body_norm = nn.GroupNorm(1, 2 * channels)
        self.dropout = nn.Dropout(dropout)
        positions = math.ceil(height / (2 * strides[0])) * math.ceil(width / (2 * strides[1]))
        self.project = PositionwiseLinear(positions, 2 * channels, dim)

    def forward(self, x: Tensor, mask: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """`x` `(B, C, H, W)` -> tokens `(B, T, dim)`, row by row, and mask `(B, T)`."""
        x = F.relu(self.stem_norm(self.stem(x)))
        x = F.relu(self.body_norm(self.body(x)))
        return masked(self.project(self.dropout(x).flatten(2).transpose(1, 2)), mask)


class PositionwiseLinear(nn.Module):
    """A linear layer of its own for each of T positions: `(B, T, in)` -> `(B, T, out)`."""

    def __init__(self, positions: int, in_size: int, out_size: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.randn(positions, in_size, out_size) / math.sqrt(in_size))
        self.bias = nn.Parameter(torch.zeros(positions, out_size))

    def forward(self, x: Tensor) -> Tensor:
        return (x.transpose(0, 1) @ self.weight).transpose(0, 1) + self.bias


def _convolution(in_channels: int, out_channels: int, strides: tuple[int, int]) -> nn.Conv2d:
    """Odd kernels of at least the stride, padded so that a side becomes `ceil(side / stride)`."""
    kernel = (max(3, strides[0] | 1), max(3, strides[1] | 1))
    padding = (kernel[0] // 2, kernel[1] // 2)
    return nn.Conv2d(in_channels, out_channels, kernel, strides, padding)
