"""Fusions with one deliberate mistake each, and one without."""

from __future__ import annotations

import numpy as np
import torch
from torch import nn


class Sound(nn.Module):
    """Σ_m W_m h_m, in the order of the names."""

    def __init__(self, dims, out_dim):
        super().__init__()
        self.names = sorted(dims)
        self.layers = nn.ModuleList(nn.Linear(dims[m], out_dim) for m in self.names)

    def forward(self, features):
        return sum(layer(features[m]) for m, layer in zip(self.names, self.layers, strict=True))


class FactorsInAList(nn.Module):
    """Low-rank factors in a plain list, as in well-known libraries: they never train."""

    def __init__(self, dims, out_dim):
        super().__init__()
        self.names = sorted(dims)
        self.factors = [nn.Parameter(torch.randn(dims[m], out_dim)) for m in self.names]
        self.bias = nn.Parameter(torch.zeros(out_dim))

    def forward(self, features):
        pairs = zip(self.names, self.factors, strict=True)
        return sum(features[m] @ factor.to(features[m]) for m, factor in pairs) + self.bias


class LayersInAClosure(Sound):
    """A layer that no attribute shows: only the autograd graph does."""

    def __init__(self, dims, out_dim):
        super().__init__(dims, out_dim)
        hidden = nn.Linear(out_dim, out_dim).double()
        self.refine = lambda x: hidden(x.double()).to(x)

    def forward(self, features):
        return self.refine(super().forward(features))


class IgnoresTheLast(Sound):
    def forward(self, features):
        used = {
            m: x if m != self.names[-1] or len(features) == 1 else 0 * x
            for m, x in features.items()
        }
        return super().forward(used)


class BatchStatistics(Sound):
    """Normalises over the batch in evaluation too."""

    def forward(self, features):
        fused = super().forward(features)
        return (fused - fused.mean(dim=0)) / (fused.std(dim=0, correction=0) + 1)


class AveragesPadding(Sound):
    def forward(self, tokens, masks):
        return super().forward({m: x.mean(dim=1) for m, x in tokens.items()})


class DempsterInKeyOrder(Sound):
    """Pairwise combination whose result depends on who comes first, in the order of the mapping."""

    def forward(self, features):
        projected = {
            m: layer(features[m]) for m, layer in zip(self.names, self.layers, strict=True)
        }
        belief = None
        for m in features:
            belief = projected[m] if belief is None else 0.5 * (belief + projected[m])
        return belief


class UnseededNoise(Sound):
    def forward(self, features):
        fused = super().forward(features)
        return fused + torch.from_numpy(np.random.default_rng().normal(size=fused.shape)).to(fused)


class NoiseInEvaluation(Sound):
    def forward(self, features):
        fused = super().forward(features)
        return fused + 0.1 * torch.randn_like(fused)


class Squeezed(Sound):
    """Loses the batch axis of a batch of one."""

    def forward(self, features):
        return super().forward(features).squeeze()


class DividesByZero(Sound):
    def forward(self, features):
        fused = super().forward(features)
        return fused / sum(x.abs().sum(dim=1, keepdim=True) for x in features.values())


class NeverUsed(Sound):
    def __init__(self, dims, out_dim):
        super().__init__(dims, out_dim)
        self.spare = nn.Parameter(torch.ones(3))


class StateInAnAttribute(Sound):
    def __init__(self, dims, out_dim):
        super().__init__(dims, out_dim)
        self.scale = float(torch.rand(()))

    def forward(self, features):
        return super().forward(features) * self.scale


class FixedType(Sound):
    def forward(self, features):
        return super().forward(features).float()


class FixedDevice(Sound):
    def forward(self, features):
        fused = super().forward(features)
        return fused * torch.linspace(1, 2, fused.shape[1], dtype=fused.dtype)


class BranchesOnValues(Sound):
    def forward(self, features):
        fused = super().forward(features)
        return fused if fused.sum() > 0 else 2 * fused


class NamedLikeADict(nn.Module):
    def __init__(self, dims, out_dim):
        super().__init__()
        self.layers = nn.ModuleDict({m: nn.Linear(dims[m], out_dim) for m in sorted(dims)})

    def forward(self, features):
        return sum(layer(features[m]) for m, layer in self.layers.items())


class NarrowerThanItsSpace(Sound):
    def __init__(self, dims, out_dim, heads=2):
        super().__init__(dims, out_dim)
        if heads == 3:
            raise ValueError("out_dim must be divisible by heads")
