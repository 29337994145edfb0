from __future__ import annotations

import numpy as np
import torch

from mmbench_fusions.embrace import Embrace


def test_outside_training_it_is_the_expectation(spelling):
    fusion = Embrace(spelling.dims, 6).double().eval()
    docked = np.maximum(spelling.projected(fusion.dock), 0) * spelling.present.T[:, :, None]
    expected = docked.sum(axis=0) / spelling.present.sum(axis=1, keepdims=True)
    spelling.same(spelling.run(fusion).fused, expected)


def test_in_training_each_feature_is_one_present_modality_s(spelling):
    fusion = Embrace(spelling.dims, 50).double()
    docked = np.maximum(spelling.projected(fusion.dock), 0)
    drawn = spelling.run(fusion).fused.detach().numpy()
    for sample in range(4):
        allowed = docked[spelling.present[sample], sample]
        assert (np.abs(allowed - drawn[sample]).min(axis=0) < 1e-12).all()
    assert (np.abs(docked[0, 0] - drawn[0]) > 1e-12).any()


def test_draws_are_even_over_present_modalities():
    fusion = Embrace({"a": 1, "b": 1, "c": 1}, 1)
    for place, layer in enumerate(fusion.dock.layers):
        torch.nn.init.zeros_(layer.weight)
        torch.nn.init.constant_(layer.bias, place + 1.0)
    size = 6000
    features = {m: torch.zeros(size, 1) for m in "abc"}
    everywhere = torch.ones(size, dtype=torch.bool)
    presence = {"a": everywhere, "b": ~everywhere, "c": everywhere}
    all_three = fusion(features).unique(return_counts=True)
    two = fusion(features, presence).unique(return_counts=True)
    assert all_three[0].tolist() == [1.0, 2.0, 3.0]
    np.testing.assert_allclose(all_three[1] / size, 1 / 3, atol=0.03)
    assert two[0].tolist() == [1.0, 3.0]
    np.testing.assert_allclose(two[1] / size, 1 / 2, atol=0.03)
