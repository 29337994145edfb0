from __future__ import annotations

import numpy as np
import torch

from mmbench_fusions.quality_aware import QualityAware


def test_decisions_count_by_their_energy(spelling):
    rng = np.random.default_rng(3)
    spelling.dims = dict.fromkeys(spelling.dims, 3)
    spelling.features = {m: 2 * rng.normal(size=(4, 3)) for m in spelling.dims}
    fusion = QualityAware(spelling.dims, 3).double()
    slope = np.log1p(np.exp(fusion.slope.item()))
    np.testing.assert_allclose(slope, 0.1, atol=1e-6)
    output, expected = spelling.run(fusion), np.zeros((4, 3))
    for column, (m, z) in enumerate(spelling.features.items()):
        energy = -np.log(np.exp(z).sum(axis=1))
        weight = (fusion.offset.item() - slope * energy) * spelling.present[:, column]
        expected += weight[:, None] * z
        spelling.same(output.weights[m], weight)
    spelling.same(output.fused, expected)


def test_the_slope_stays_positive():
    fusion = QualityAware({"text": 3}, 3)
    with torch.no_grad():
        fusion.slope.fill_(-5.0)
    sure, unsure = torch.tensor([[9.0, 0.0, 0.0]]), torch.zeros(1, 3)
    weights = [fusion({"text": z}).weights["text"].item() for z in (sure, unsure)]
    assert weights[0] > weights[1]
