from __future__ import annotations

import numpy as np
import pytest
import torch

from mmbench_fusions.modulation import FiLM, MultimodalAdaptationGate, SqueezeGate


def test_film_modulates_each_modality_by_what_came_before(spelling):
    fusion = FiLM(spelling.dims, 6).double()
    h = spelling.projected(fusion.project)
    for sample in range(4):
        x = h[0, sample]
        for index, layer in enumerate(fusion.modulate, start=1):
            if spelling.present[sample, index]:
                scale, shift = np.split(spelling.linear(layer, x), 2)
                x = (1 + scale) * h[index, sample] + shift
        spelling.same(spelling.run(fusion).fused[sample], x)


def test_squeezed_gates(spelling):
    fusion = SqueezeGate(spelling.dims, 6, reduction=4).double()
    assert fusion.squeeze.out_features == 3
    squeezed = np.maximum(spelling.linear(fusion.squeeze, spelling.joined), 0)
    gates = spelling.sigmoid(spelling.linear(fusion.excite, squeezed))
    output = spelling.run(fusion)
    spelling.same(output.fused, spelling.linear(fusion.project, gates * spelling.joined))
    spelling.same(output.weights["image"], gates[:, 3:8].mean(1) * spelling.present[:, 1])


@pytest.mark.parametrize(("main", "beta"), [(0, 0.1), (2, 5.0), (4, 1.0)])
def test_the_adaptation_gate(spelling, main, beta):
    fusion = MultimodalAdaptationGate(spelling.dims, 6, main=main, beta=beta).double().eval()
    torch.nn.init.normal_(fusion.shift)
    names = list(spelling.dims)
    place = main % 3
    others = [m for m in names if m != names[place]]
    h = spelling.linear(fusion.project, spelling.known[names[place]])
    h = h * spelling.present[:, [place]]
    moved = fusion.shift.detach().numpy() + np.zeros_like(h)
    for index, m in enumerate(others):
        x = spelling.known[m]
        gate = spelling.linear(fusion.gate.layers[index], np.concatenate([h, x], axis=1))
        moved = moved + np.maximum(gate, 0) * spelling.linear(fusion.displace.layers[index], x)
    norms = np.linalg.norm(h, axis=1), np.linalg.norm(moved, axis=1)
    alpha = np.where(spelling.present[:, place], np.minimum(beta * norms[0] / norms[1], 1), 1)
    spelling.same(spelling.run(fusion).fused, spelling.layer_norm(h + alpha[:, None] * moved))


def test_one_modality_has_nothing_to_be_shifted_by():
    fusion = MultimodalAdaptationGate({"text": 4}, 6).eval()
    x = torch.randn(3, 4)
    torch.testing.assert_close(fusion({"text": x}), fusion.norm(fusion.project(x)))
