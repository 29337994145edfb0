"""The encoder of video: the image encoder on every frame."""

from __future__ import annotations

from torch import Tensor, nn

from mmbench.data.preparation import InputSpec
from mmbench_encoders.conv2d import Conv2dEncoder
from mmbench_encoders.masks import masked
from mmbench_encoders.shapes import expect_shape

__all__ = ["FramesEncoder"]


class FramesEncoder(nn.Module):
    """One token a frame: the mean of the image encoder's tokens, `(B, T, C, H, W)` to `(B, T, dim)`.

    All frames share the weights; what happens between frames is the fusion's to see, or that of an
    encoder with memory.

    Args:
        channels: of the image encoder's first convolution; the second has twice as many.

    """

    def __init__(self, spec: InputSpec, dim: int, channels: int = 16, dropout: float = 0.1) -> None:
        super().__init__()
        _, depth, height, width = expect_shape(spec, "T", "C", "H", "W")
        self.frame = Conv2dEncoder(InputSpec((depth, height, width)), dim, channels, dropout)

    def forward(self, x: Tensor, mask: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """`x` `(B, T, C, H, W)` -> tokens `(B, T, dim)` and mask `(B, T)`."""
        tokens, _ = self.frame(x.flatten(0, 1))
        return masked(tokens.mean(dim=1).unflatten(0, x.shape[:2]), mask)
