from __future__ import annotations

import numpy as np

from mmbench_datasets.padding import padded


def test_zeros_stand_behind_each_series() -> None:
    values, lengths = padded([np.array([[1.0, 2.0]]), np.array([[3.0, 4.0], [5.0, 6.0]])])
    assert lengths.tolist() == [1, 2]
    assert values.tolist() == [[[1, 2], [0, 0]], [[3, 4], [5, 6]]]
    assert values.dtype == np.float32
