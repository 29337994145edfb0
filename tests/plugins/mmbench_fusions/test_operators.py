"""The operators against independent spellings of their equations."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from mmbench_fusions.operators import Concat, Gated, Max, Mean, Product, Sum, WeightedMean

DIMS = {"audio": 3, "image": 5, "text": 4}
PRESENCE = np.array([[1, 1, 1], [1, 0, 1], [0, 0, 1], [0, 0, 0]], dtype=bool)
RNG = np.random.default_rng(0)
FEATURES = {m: RNG.normal(size=(4, size)) for m, size in DIMS.items()}


def run(fusion):
    presence = dict(zip(DIMS, torch.from_numpy(PRESENCE).unbind(1), strict=True))
    return fusion({m: torch.from_numpy(x) for m, x in FEATURES.items()}, presence=presence)


def projected(fusion):
    """`(M, B, out)`, spelled from the layers' parameters."""
    layers = [[p.detach().numpy() for p in layer.parameters()] for layer in fusion.project.layers]
    return np.stack([x @ w.T + b for x, (w, b) in zip(FEATURES.values(), layers, strict=True)])


def test_concat_is_a_perceptron_on_the_concatenation_in_the_order_of_the_names():
    fusion = Concat({"text": 4, "audio": 3, "image": 5}, 6, hidden=7).double().eval()
    w1, b1, w2, b2 = (p.detach().numpy() for p in fusion.parameters())
    joined = np.concatenate([FEATURES["audio"], FEATURES["image"], FEATURES["text"]], axis=1)
    expected = np.maximum(joined @ w1.T + b1, 0) @ w2.T + b2
    found = fusion({m: torch.from_numpy(x) for m, x in FEATURES.items()})
    np.testing.assert_allclose(found.detach().numpy(), expected, atol=1e-6)


@pytest.mark.parametrize(("operator", "spelled"), [(Sum, np.sum), (Mean, np.mean), (Max, np.max)])
def test_elementwise_operators_leave_absent_modalities_out(operator, spelled):
    fusion = operator(DIMS, 6).double()
    found, h = run(fusion).detach().numpy(), projected(fusion)
    for sample in range(3):
        expected = spelled(h[PRESENCE[sample], sample], axis=0)
        np.testing.assert_allclose(found[sample], expected, atol=1e-6)
    assert (found[3] == 0).all()


def test_the_product_is_over_present_modalities_and_one_where_there_is_none():
    fusion = Product(DIMS, 6).double()
    found, h = run(fusion).detach().numpy(), projected(fusion)
    for sample in range(4):
        expected = np.prod(h[PRESENCE[sample], sample], axis=0)
        np.testing.assert_allclose(found[sample], expected, atol=1e-6)


def test_the_weights_of_the_mean_are_a_softmax_over_present_modalities():
    fusion = WeightedMean(DIMS, 6).double()
    fusion.scores.data = torch.tensor([0.3, -1.2, 2.0], dtype=torch.float64)
    output, h = run(fusion), projected(fusion)
    scores = np.exp([0.3, -1.2, 2.0])
    for sample in range(3):
        weights = scores * PRESENCE[sample] / (scores @ PRESENCE[sample])
        found = [output.weights[m][sample].item() for m in DIMS]
        np.testing.assert_allclose(found, weights, atol=1e-6)
        expected = sum(weight * x for weight, x in zip(weights, h[:, sample], strict=True))
        np.testing.assert_allclose(output.fused[sample].detach(), expected, atol=1e-6)
    assert (output.fused[3] == 0).all()


def test_the_weighted_mean_starts_as_the_mean():
    torch.manual_seed(0)
    weighted = WeightedMean(DIMS, 6).double()
    torch.manual_seed(0)
    torch.testing.assert_close(run(weighted).fused, run(Mean(DIMS, 6).double()))


def test_gated_is_the_gated_multimodal_unit():
    fusion = Gated(DIMS, 6).double()
    output = run(fusion)
    gates = fusion.gate.weight.detach().numpy().reshape(3, 6, 12)
    for sample in range(4):
        known = [x[sample] * PRESENCE[sample, m] for m, x in enumerate(FEATURES.values())]
        everything = np.concatenate(known)
        expected = np.zeros(6)
        for index, (name, x) in enumerate(zip(DIMS, known, strict=True)):
            z = 1 / (1 + np.exp(-gates[index] @ everything)) * PRESENCE[sample, index]
            weight = fusion.project.layers[index].weight.detach().numpy()
            expected += z * np.tanh(weight @ x)
            np.testing.assert_allclose(output.weights[name][sample].item(), z.mean(), atol=1e-6)
        np.testing.assert_allclose(output.fused[sample].detach(), expected, atol=1e-6)
