from __future__ import annotations

import numpy as np
import pytest
import torch

from mmbench_fusions.cyclic_translation import CyclicTranslation


def test_the_result_is_the_bottleneck(spelling):
    fusion = CyclicTranslation(spelling.dims, 6, source=1).double().eval()
    expected = spelling.linear(fusion.encode, spelling.known["image"])
    spelling.same(spelling.run(fusion).fused, expected)


@pytest.mark.parametrize(("source", "name"), [(0, "audio"), (2, "text"), (4, "image")])
def test_outside_training_the_source_alone_is_read(spelling, source, name):
    fusion = CyclicTranslation(spelling.dims, 6, source=source).double().eval()
    expected = spelling.run(fusion).fused
    assert fusion.source == name
    spelling.features = {
        m: x if m == name else np.full_like(x, np.nan) for m, x in spelling.features.items()
    }
    assert torch.equal(spelling.run(fusion).fused, expected)


def standardised(x, rows):
    known = x[rows]
    return (known - known.mean(axis=0)) / np.sqrt(known.var(axis=0) + 1e-6)


def test_the_losses_compare_translations_there_and_back(spelling):
    fusion = CyclicTranslation(
        spelling.dims, 6, source=2, forward_weight=2.0, cycle_weight=3.0, dropout=0.0
    ).double()
    z = spelling.linear(fusion.encode, spelling.known["text"])
    forward, cycle = [], []
    for index, name in enumerate(("audio", "image")):
        rows = spelling.present[:, index] & spelling.present[:, 2]
        there = spelling.linear(fusion.decode[index], z)
        back = spelling.linear(
            fusion.decode_back, spelling.linear(fusion.encode_back[index], there)
        )
        expected = standardised(spelling.features[name], rows)
        forward.append(((there[rows] - expected) ** 2).mean())
        expected = standardised(spelling.features["text"], rows)
        cycle.append(((back[rows] - expected) ** 2).mean())
    aux = spelling.run(fusion).aux
    spelling.same(aux["forward"], 2.0 * np.mean(forward))
    spelling.same(aux["cycle"], 3.0 * np.mean(cycle))


def test_a_single_modality_is_not_translated():
    assert not CyclicTranslation({"text": 4}, 6)({"text": torch.randn(3, 4)}).aux
