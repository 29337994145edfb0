from __future__ import annotations

import pytest
import torch

from mmbench.data.part import Part
from mmbench_weightings.samples import counted, mean_of

PRESENT = {"text": torch.tensor([True, False, True])}
WEIGHTS = torch.tensor([1.0, 5.0, 3.0])
VALUES = torch.tensor([2.0, 7.0, 6.0])


def part(present, weights):
    return Part({}, {}, present, torch.zeros(3), weights)


def test_the_mean_is_over_the_samples_that_have_the_modality_by_their_weights():
    plain, weighted = part(PRESENT, None), part(PRESENT, WEIGHTS)
    assert mean_of(VALUES, counted(plain, "text", VALUES)).item() == 4.0
    assert mean_of(VALUES, counted(plain, "image", VALUES)).item() == 5.0
    assert mean_of(VALUES, counted(weighted, "text", VALUES)).item() == 5.0
    rows = torch.stack([VALUES, -VALUES], dim=1)
    assert mean_of(rows, counted(weighted, "text", rows)).tolist() == [5.0, -5.0]


@pytest.mark.parametrize("factor", [1.0, 1e6])
def test_where_no_sample_counts_neither_does_the_gradient(factor):
    values = VALUES.clone().requires_grad_()
    nowhere = part({"text": torch.zeros(3, dtype=torch.bool)}, None)
    mean = mean_of(values, counted(nowhere, "text", values))
    (factor * mean).backward()
    assert mean.item() == 0.0
    assert values.grad.tolist() == [0.0, 0.0, 0.0]
