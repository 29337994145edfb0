from __future__ import annotations

import itertools

import numpy as np
import pytest
import torch

from mmbench.errors import NotApplicable
from mmbench_fusions.tensors import Bilinear, LowRankTensor, Mutan, TensorFusion


def with_one(x):
    return np.append(x, 1.0)


def test_bilinear_sums_the_interactions_of_pairs(spelling):
    fusion = Bilinear(spelling.dims, 6, rank=2).double()
    torch.nn.init.normal_(fusion.bias)
    x, linear = spelling.projected(fusion.reduce), spelling.projected(fusion.project)
    tensors = fusion.interact.detach().numpy()
    output = spelling.run(fusion).fused
    for sample in range(4):
        expected = linear[:, sample].sum(0) + fusion.bias.detach().numpy()
        for pair, (i, j) in enumerate(itertools.combinations(range(3), 2)):
            for k, row in itertools.product(range(6), range(2)):
                expected[k] += x[i, sample, row] * tensors[pair, row, :, k] @ x[j, sample]
        spelling.same(output[sample], expected)


def test_mutan_is_a_tucker_decomposition_with_a_core_of_low_rank(spelling):
    fusion = Mutan(spelling.dims, 6, size=4, rank=3).double()
    reduced = np.tanh(spelling.projected(fusion.reduce))
    output = spelling.run(fusion).fused
    for sample in range(4):
        core = np.zeros(4)
        for r in range(3):
            factor = np.ones(4)
            for m, layer in enumerate(fusion.factors.layers):
                if spelling.present[sample, m]:
                    rows = slice(4 * r, 4 * r + 4)
                    factor *= spelling.linear(layer, reduced[m, sample])[rows]
            core += factor / np.sqrt(3)
        spelling.same(output[sample], spelling.linear(fusion.project, core))


def test_tensor_fusion_is_the_outer_product(spelling):
    fusion = TensorFusion(spelling.dims, 6, rank=2).double()
    x = spelling.projected(fusion.reduce)
    output = spelling.run(fusion).fused
    for sample in range(4):
        a, b, c = (with_one(x[m, sample]) for m in range(3))
        outer = np.einsum("i,j,k->ijk", a, b, c).ravel()
        spelling.same(output[sample], spelling.linear(fusion.project, outer))


@pytest.mark.parametrize(("count", "rank"), [(2, 8), (4, 7), (6, 3), (12, 1)])
def test_the_outer_product_stays_small(count, rank):
    fusion = TensorFusion({f"m{k:02}": 5 for k in range(count)}, 3, rank=8)
    assert fusion.reduce.layers[0].out_features == rank
    assert fusion.project.in_features == (rank + 1) ** count <= 4096


def test_too_many_modalities_for_an_outer_product():
    with pytest.raises(NotApplicable, match=r"at most 12 modalities.*Found 13"):
        TensorFusion({f"m{k}": 5 for k in range(13)}, 3)


def test_low_rank_is_a_sum_of_products_of_factors(spelling):
    fusion = LowRankTensor(spelling.dims, 6, rank=3).double()
    torch.nn.init.normal_(fusion.bias)
    factors = [factor.detach().numpy() for factor in fusion.factors]
    output = spelling.run(fusion).fused
    for sample in range(4):
        expected = fusion.bias.detach().numpy().copy()
        for r, weight in enumerate(fusion.rank_weights.detach().numpy()):
            terms = [
                with_one(x[sample]) @ factor[r]
                for x, factor in zip(spelling.known.values(), factors, strict=True)
            ]
            expected += weight * np.prod(terms, axis=0)
        spelling.same(output[sample], expected)


def test_factors_are_parameters_of_one_tensor_per_modality(spelling):
    fusion = LowRankTensor(spelling.dims, 6, rank=3)
    shapes = {name: tuple(p.shape) for name, p in fusion.named_parameters()}
    assert shapes == {
        "factors.0": (3, 4, 6),
        "factors.1": (3, 6, 6),
        "factors.2": (3, 5, 6),
        "rank_weights": (3,),
        "bias": (6,),
    }


def test_at_full_rank_it_represents_the_tensor():
    dims = {"a": 2, "b": 3}
    tensor = TensorFusion(dims, 5, rank=3).double()
    for layer in tensor.reduce.layers:
        torch.nn.init.eye_(layer.weight)
        torch.nn.init.zeros_(layer.bias)
    weight = tensor.project.weight.detach().reshape(5, 4, 4)
    cells = [(i, j) for i in (0, 1, 3) for j in range(4)]  # entry 2 of `a` is its padding: zero
    low = LowRankTensor(dims, 5, rank=len(cells)).double()
    with torch.no_grad():
        low.rank_weights.fill_(1.0)
        low.bias.copy_(tensor.project.bias)
        for factor in low.factors:
            factor.zero_()
        for r, (i, j) in enumerate(cells):
            low.factors[0][r, {0: 0, 1: 1, 3: 2}[i]] = 1.0
            low.factors[1][r, j] = weight[:, i, j]
    features = {m: torch.randn(7, size, dtype=torch.float64) for m, size in dims.items()}
    torch.testing.assert_close(low(features), tensor(features))
