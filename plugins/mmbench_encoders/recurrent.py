"""The recurrent encoder of series and texts."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from mmbench.data.preparation import InputSpec
from mmbench.errors import BadParameter
from mmbench_encoders.masks import step_mask, zero_padding
from mmbench_encoders.shapes import expect_shape

__all__ = ["RecurrentEncoder"]

_CELLS: dict[str, type[nn.GRU] | type[nn.LSTM]] = {"gru": nn.GRU, "lstm": nn.LSTM}


class RecurrentEncoder(nn.Module):
    """GRU or LSTM from a series `(B, T, C)` or ids `(B, T)` to tokens `(B, T, dim)`, one a step.

    Real steps are moved to the front, read, and moved back, so that padding is skipped wherever it
    stands. The second direction reads the real steps from last to first. Packed sequences would do
    the same, but were slower on a CPU and need the lengths outside the graph. GRU: Cho 2014, EMNLP,
    arXiv:1406.1078. LSTM: Hochreiter 1997, doi:10.1162/neco.1997.9.8.1735.

    Args:
        cell: `gru` or `lstm`.
        hidden: width of the state, and of the embedding of ids.
        bidirectional: whether a second network reads backwards.

    """

    def __init__(
        self,
        spec: InputSpec,
        dim: int,
        cell: str = "gru",
        hidden: int = 32,
        bidirectional: bool = False,
        dropout: float = 0.1,
    ) -> None:
        super().__init__()
        if cell not in _CELLS:
            raise BadParameter(f"Expected cell to be one of {', '.join(_CELLS)}. Found {cell!r}.")
        self.embed = nn.Embedding(spec.vocabulary, hidden) if spec.vocabulary else nn.Identity()
        size = hidden if spec.vocabulary else expect_shape(spec, "T", "C")[1]
        self.onward = _CELLS[cell](size, hidden, batch_first=True)
        self.backward_ = _CELLS[cell](size, hidden, batch_first=True) if bidirectional else None
        self.dropout = nn.Dropout(dropout)
        self.project = nn.Linear(hidden * (2 if bidirectional else 1), dim)

    def forward(self, x: Tensor, mask: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """`x` `(B, T, C)`, or ids `(B, T)` -> tokens `(B, T, dim)`, mask `(B, T)`."""
        mask = step_mask(x, mask, x.shape[1])
        order = torch.argsort((~mask).to(torch.int8), dim=1, stable=True)
        steps = _reorder(zero_padding(self.embed(x), mask), order)
        states = self.onward(steps)[0]
        if self.backward_ is not None:
            turned = _turned(mask)
            other = _reorder(self.backward_(_reorder(steps, turned))[0], turned)
            states = torch.cat([states, other], dim=-1)
        tokens = self.project(self.dropout(_reorder(states, order.argsort(dim=1))))
        return zero_padding(tokens, mask), mask


def _reorder(values: Tensor, order: Tensor) -> Tensor:
    """The steps of `values` `(B, T, D)` in the order `(B, T)`."""
    return values.gather(1, order.unsqueeze(-1).expand(-1, -1, values.shape[-1]))


def _turned(mask: Tensor) -> Tensor:
    """The order `(B, T)` that reverses each sample's real steps, which stand at the front."""
    lengths = mask.sum(dim=1, keepdim=True)
    steps = torch.arange(mask.shape[1], device=mask.device)
    return torch.where(steps < lengths, lengths - 1 - steps, steps)
