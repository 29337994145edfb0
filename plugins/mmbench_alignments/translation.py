"""One modality's feature read from the other's, and back."""

from __future__ import annotations

from torch import Tensor, nn

__all__ = ["Translation"]


class Translation(nn.Module):
    """w_f ‖f_ij(x_i) − x_j‖² + w_c ‖f_ji(f_ij(x_i)) − x_i‖², means over the samples.

    The cycle of Pham 2019, AAAI, arXiv:1812.07809, between pooled features, with perceptrons for the
    paper's sequence models. Both features learn; nothing but the other losses keeps them from
    becoming easy to translate, down to constants. A batch of one is a mean like any other; an empty
    one gives 0.

    Args:
        hidden: width of the perceptrons.
        forward_weight: w_f.
        cycle_weight: w_c.

    """

    def __init__(
        self,
        dim_i: int,
        dim_j: int,
        hidden: int = 64,
        forward_weight: float = 0.01,
        cycle_weight: float = 0.01,
    ) -> None:
        super().__init__()
        self.forward_weight, self.cycle_weight = forward_weight, cycle_weight
        self.there = _perceptron(dim_i, hidden, dim_j)
        self.back = _perceptron(dim_j, hidden, dim_i)

    def forward(self, x_i: Tensor, x_j: Tensor) -> Tensor:
        """`(B, dim_i)` and `(B, dim_j)` -> scalar loss."""
        translated = self.there(x_i)
        forward: Tensor = (translated - x_j).square().sum()
        cycle: Tensor = (self.back(translated) - x_i).square().sum()
        return (self.forward_weight * forward + self.cycle_weight * cycle) / max(len(x_i), 1)


def _perceptron(in_size: int, hidden: int, out_size: int) -> nn.Sequential:
    return nn.Sequential(nn.Linear(in_size, hidden), nn.ReLU(), nn.Linear(hidden, out_size))
