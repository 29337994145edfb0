from __future__ import annotations

import torch

from mmbench_encoders.masks import step_mask, zero_padding


def test_no_mask_means_all_real():
    mask = step_mask(torch.zeros(2, 7), None, 3)
    assert mask.tolist() == [[True] * 3] * 2


def test_a_mask_of_the_right_length_is_kept():
    mask = torch.tensor([[True, False], [False, False]])
    assert step_mask(torch.zeros(2, 7), mask, 2) is mask


def test_a_mask_of_another_length_says_whether_the_sample_is_there():
    mask = torch.tensor([[True, False], [False, False]])
    assert step_mask(torch.zeros(2, 7), mask, 3).tolist() == [[True] * 3, [False] * 3]


def test_padding_becomes_zero_even_where_it_is_nan_and_the_input_stays():
    values = torch.tensor([[[1.0], [float("nan")]]], requires_grad=True)
    zeroed = zero_padding(values, torch.tensor([[True, False]]))
    assert zeroed.tolist() == [[[1.0], [0.0]]]
    zeroed.sum().backward()
    assert values.grad.tolist() == [[[1.0], [0.0]]]
    assert values[0, 1].isnan().all()
