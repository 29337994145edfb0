"""Translation from one modality to the others and back."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor, nn

from mmbench.contracts import FusionOutput
from mmbench_fusions.mlp import mlp
from mmbench_fusions.presence import presence_matrix

__all__ = ["CyclicTranslation"]

_SMALLEST_VARIANCE = 1e-6


class CyclicTranslation(nn.Module):
    """z = E(h_s), ĥ_t = D_t(z), ĥ_s = D(E_t(ĥ_t)): the bottleneck z of a source s is the result.

    MCTN, Pham 2019, AAAI, arXiv:1812.07809, on pooled features, with perceptrons for the paper's
    sequence models and a target t for each modality but the source; for two modalities it is the
    paper's cycle. Only s is read outside training, so that it works where every other is absent.
    Losses are `aux`: the squared errors `forward` of ĥ_t and `cycle` of ĥ_s, over samples that
    have both. What is translated to is standardised over those samples: the feature of an encoder
    that learns could else make itself easy to translate to, down to zero.

    Args:
        source: s, by its place in the order of the names, modulo their number.
        hidden: width of the perceptrons.
        forward_weight: factor of the loss `forward`.
        cycle_weight: factor of the loss `cycle`.

    """

    def __init__(
        self,
        dims: Mapping[str, int],
        out_dim: int,
        source: int = 0,
        hidden: int = 64,
        forward_weight: float = 0.1,
        cycle_weight: float = 0.1,
        dropout: float = 0.1,
    ) -> None:
        super().__init__()
        self.names = sorted(dims)
        self.source = self.names[source % len(dims)]
        self.targets = [name for name in self.names if name != self.source]
        self.forward_weight, self.cycle_weight = forward_weight, cycle_weight
        size = dims[self.source]
        self.encode = mlp(size, hidden, out_dim, dropout)
        self.decode = nn.ModuleList(
            mlp(out_dim, hidden, dims[name], dropout) for name in self.targets
        )
        self.encode_back = nn.ModuleList(
            mlp(dims[name], hidden, out_dim, dropout) for name in self.targets
        )
        self.decode_back = mlp(out_dim, hidden, size, dropout) if self.targets else None

    def forward(
        self, features: Mapping[str, Tensor], presence: Mapping[str, Tensor] | None = None
    ) -> FusionOutput:
        present = presence_matrix(features, presence, self.names)
        there = present[:, self.names.index(self.source), None]
        source = features[self.source].masked_fill(~there, 0.0)
        fused = self.encode(source)
        if not self.training or self.decode_back is None:
            return FusionOutput(fused)
        forward, cycle = [], []
        for index, name in enumerate(self.targets):
            both = there.squeeze(1) & present[:, self.names.index(name)]
            translated = self.decode[index](fused)
            returned = self.decode_back(self.encode_back[index](translated))
            forward.append(_error(translated, features[name], both))
            cycle.append(_error(returned, source, both))
        aux = {
            "forward": self.forward_weight * torch.stack(forward).mean(),
            "cycle": self.cycle_weight * torch.stack(cycle).mean(),
        }
        return FusionOutput(fused, aux)


def _error(found: Tensor, expected: Tensor, mask: Tensor) -> Tensor:
    """Mean squared error from the standardised `expected` over the samples of `mask` `(B,)`, or zero."""
    there, count = mask.unsqueeze(1), mask.sum().clamp(min=1)
    known = expected.masked_fill(~there, 0.0)
    centred = (known - known.sum(dim=0) / count).masked_fill(~there, 0.0)
    spread = ((centred**2).sum(dim=0) / count + _SMALLEST_VARIANCE).sqrt()
    squares = ((found - centred / spread) ** 2).mean(dim=1).masked_fill(~mask, 0.0)
    return squares.sum() / count
