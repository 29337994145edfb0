from __future__ import annotations

import numpy as np
import torch

from mmbench_fusions.projections import Projections


def test_each_modality_has_its_layer_in_the_order_of_the_names():
    project = Projections({"b": 2, "a": 3}, 4).double()
    a, b = np.random.default_rng(0).normal(size=(5, 3)), np.ones((5, 2))
    found = project({"b": torch.from_numpy(b), "a": torch.from_numpy(a)}).detach().numpy()
    for index, x in enumerate((a, b)):
        weight, bias = (p.detach().numpy() for p in project.layers[index].parameters())
        np.testing.assert_allclose(found[:, index], x @ weight.T + bias, atol=1e-6)


def test_a_modality_may_be_named_like_a_method():
    features = {"type": torch.zeros(2, 3), "values": torch.zeros(2, 3)}
    assert Projections({"type": 3, "values": 3}, 4)(features).shape == (2, 2, 4)


def test_the_bias_may_start_elsewhere():
    zeros = {"a": torch.zeros(2, 3)}
    assert (Projections({"a": 3}, 4, initial_bias=1.0)(zeros) == 1).all()
