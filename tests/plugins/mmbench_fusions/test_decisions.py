from __future__ import annotations

import torch

from mmbench_fusions.decisions import LateAverage


def test_the_average_is_over_present_modalities():
    logits = {
        "image": torch.tensor([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]]),
        "text": torch.tensor([[3.0, 0.0], [9.0, 9.0], [9.0, 9.0]]),
    }
    presence = {
        "image": torch.tensor([True, True, False]),
        "text": torch.tensor([True, False, False]),
    }
    output = LateAverage({"image": 2, "text": 2}, 2)(logits, presence)
    assert output.fused.tolist() == [[2.0, 1.0], [3.0, 4.0], [0.0, 0.0]]
    assert output.weights["image"].tolist() == [0.5, 1.0, 0.0]
    assert output.weights["text"].tolist() == [0.5, 0.0, 0.0]
