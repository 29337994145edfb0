"""Fusions by products of pooled features: tensors of interactions and their decompositions."""

from __future__ import annotations

from collections.abc import Mapping
from functools import reduce
from itertools import combinations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from mmbench.errors import NotApplicable
from mmbench_fusions.presence import absent_as_zero, presence_matrix, product_over_present
from mmbench_fusions.projections import Projections

__all__ = ["Bilinear", "LowRankTensor", "Mutan", "TensorFusion"]

_LARGEST_TENSOR = 4096


class Bilinear(nn.Module):
    """Σ_{i<j} x_iᵀ W_ij x_j + Σ_m U_m h_m + b, with x_m = P_m h_m.

    Multiplicative interactions of every pair, Jayakumar 2020, ICLR,
    https://openreview.net/forum?id=rylnK6VtDH. The projections P_m keep the tensors W_ij small; as
    identities they leave the paper's layer. Terms of an absent modality are left out.

    Args:
        rank: size of x_m.

    """

    def __init__(self, dims: Mapping[str, int], out_dim: int, rank: int = 16) -> None:
        super().__init__()
        self.names = sorted(dims)
        pairs = list(combinations(range(len(dims)), 2))
        self.left, self.right = [i for i, _ in pairs], [j for _, j in pairs]
        self.reduce = Projections(dims, rank) if pairs else None
        self.interact = (
            nn.Parameter(torch.randn(len(pairs), rank, rank, out_dim) / (rank * len(pairs) ** 0.5))
            if pairs
            else None
        )
        self.project = Projections(dims, out_dim, bias=False)
        self.bias = nn.Parameter(torch.zeros(out_dim))

    def forward(
        self, features: Mapping[str, Tensor], presence: Mapping[str, Tensor] | None = None
    ) -> Tensor:
        present = presence_matrix(features, presence, self.names)
        linear = absent_as_zero(self.project(features), present).sum(dim=1) + self.bias
        if self.reduce is None or self.interact is None:
            return linear
        x = absent_as_zero(self.reduce(features), present)
        products = x[:, self.left].unsqueeze(-1) * x[:, self.right].unsqueeze(-2)
        return linear + products.flatten(1) @ self.interact.flatten(0, 2)


class Mutan(nn.Module):
    """W_o Σ_r ⊙_m U_m^r tanh(P_m h_m).

    The Tucker decomposition of the bilinear tensor with its core cut into matrices of rank R,
    Ben-younes 2017, ICCV, arXiv:1705.06676; the product over two modalities is the paper's. An
    absent modality is no factor. The factors' biases start at one, so that a product of many starts
    near one and not near zero.

    Args:
        size: of a projected modality, and of the core's output.
        rank: R.

    """

    def __init__(
        self, dims: Mapping[str, int], out_dim: int, size: int = 32, rank: int = 5
    ) -> None:
        super().__init__()
        self.names = sorted(dims)
        self.rank = rank
        self.reduce = Projections(dims, size)
        self.factors = Projections(dict.fromkeys(self.names, size), rank * size, initial_bias=1.0)
        self.project = nn.Linear(size, out_dim)

    def forward(
        self, features: Mapping[str, Tensor], presence: Mapping[str, Tensor] | None = None
    ) -> Tensor:
        present = presence_matrix(features, presence, self.names)
        reduced = torch.tanh(absent_as_zero(self.reduce(features), present))
        factors = self.factors(dict(zip(self.names, reduced.unbind(1), strict=True)))
        core = product_over_present(factors.unflatten(2, (self.rank, -1)), present).sum(dim=1)
        fused: Tensor = self.project(core / self.rank**0.5)
        return fused


class TensorFusion(nn.Module):
    """W ⊗_m [x_m; 1] + b, with x_m = P_m h_m.

    Zadeh 2017, EMNLP, arXiv:1707.07250. The projections P_m stand for the paper's subnetworks; a
    sample that lacks m has x_m = 0, and keeps the interactions of its other modalities.

    Args:
        rank: size of x_m; less where the tensor would have more than 4,096 entries.

    Raises:
        NotApplicable: for more than 12 modalities, of which no tensor is that small.

    """

    def __init__(self, dims: Mapping[str, int], out_dim: int, rank: int = 8) -> None:
        super().__init__()
        self.names = sorted(dims)
        if 2 ** len(dims) > _LARGEST_TENSOR:
            raise NotApplicable(
                f"Expected at most 12 modalities, whose outer product has {_LARGEST_TENSOR:,} entries "
                f"at the least. Found {len(dims)}. Use low_rank_tensor."
            )
        while (rank + 1) ** len(dims) > _LARGEST_TENSOR:
            rank -= 1
        self.reduce = Projections(dims, rank)
        self.project = nn.Linear((rank + 1) ** len(dims), out_dim)

    def forward(
        self, features: Mapping[str, Tensor], presence: Mapping[str, Tensor] | None = None
    ) -> Tensor:
        present = presence_matrix(features, presence, self.names)
        fused: Tensor = self.project(self.outer(absent_as_zero(self.reduce(features), present)))
        return fused

    @staticmethod
    def outer(reduced: Tensor) -> Tensor:
        """`(B, M, R)` -> the flat outer product of the [x_m; 1], `(B, (R + 1)**M)`."""
        return reduce(
            lambda product, x: (product.unsqueeze(2) * x.unsqueeze(1)).flatten(1),
            F.pad(reduced, (0, 1), value=1.0).unbind(1),
        )


class LowRankTensor(nn.Module):
    """Σ_r w_r · ⊙_m U_m^r [h_m; 1] + b.

    Low-rank multimodal fusion, Liu 2018, ACL, arXiv:1806.00064. A sample that lacks m has h_m = 0,
    and keeps the interactions of its other modalities. The row of a factor that meets the constant
    starts at one, so that a product of many starts near one and not near zero.

    Args:
        rank: number of terms r.

    """

    def __init__(self, dims: Mapping[str, int], out_dim: int, rank: int = 4) -> None:
        super().__init__()
        self.names = sorted(dims)
        self.factors = nn.ParameterList(
            nn.Parameter(torch.randn(rank, dims[name] + 1, out_dim) / dims[name] ** 0.5)
            for name in self.names
        )
        with torch.no_grad():
            for factor in self.factors:
                factor[:, -1] = 1.0
        self.rank_weights = nn.Parameter(torch.randn(rank) / rank**0.5)
        self.bias = nn.Parameter(torch.zeros(out_dim))

    def forward(
        self, features: Mapping[str, Tensor], presence: Mapping[str, Tensor] | None = None
    ) -> Tensor:
        present = presence_matrix(features, presence, self.names)
        terms = []
        for index, (name, factor) in enumerate(zip(self.names, self.factors, strict=True)):
            known = features[name].masked_fill(~present[:, index, None], 0.0)
            terms.append(torch.einsum("bd,rdo->bro", F.pad(known, (0, 1), value=1.0), factor))
        product = reduce(torch.mul, terms)
        return torch.einsum("r,bro->bo", self.rank_weights, product) + self.bias
