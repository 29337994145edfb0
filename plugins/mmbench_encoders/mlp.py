"""The encoder of rows of numbers."""

from __future__ import annotations

from torch import Tensor, nn

from mmbench.data.preparation import InputSpec
from mmbench_encoders.masks import masked
from mmbench_encoders.shapes import expect_shape

__all__ = ["MLPEncoder"]


class MLPEncoder(nn.Module):
    """Multilayer perceptron from a row `(B, F)` to one token `(B, 1, dim)`.

    Args:
        hidden: width of the hidden layers.
        layers: number of hidden layers; 0 is a linear projection.

    """

    def __init__(
        self, spec: InputSpec, dim: int, hidden: int = 64, layers: int = 1, dropout: float = 0.1
    ) -> None:
        super().__init__()
        (size,) = expect_shape(spec, "F")
        blocks: list[nn.Module] = []
        for _ in range(layers):
            blocks += [nn.Linear(size, hidden), nn.LayerNorm(hidden), nn.ReLU()]
            blocks += [nn.Dropout(dropout)]
            size = hidden
        self.body = nn.Sequential(*blocks, nn.Linear(size, dim))

    def forward(self, x: Tensor, mask: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """`x` `(B, F)` -> tokens `(B, 1, dim)`, mask `(B, 1)`."""
        return masked(self.body(x).unsqueeze(1), mask)
