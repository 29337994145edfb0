from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mmbench_datasets.formats.labels import encode
from mmbench_datasets.formats.series import average_down, evenly, pad


def test_series_are_padded_at_their_end() -> None:
    values, lengths = pad([np.ones((2, 3)), np.full((4, 3), 2.0), np.zeros((0, 3))])
    assert lengths.tolist() == [2, 4, 0]
    assert values.shape == (3, 4, 3)
    assert values.dtype == np.float32
    assert values[:, :, 0].tolist() == [[1, 1, 0, 0], [2, 2, 2, 2], [0, 0, 0, 0]]


def test_empty_series_keep_one_step() -> None:
    assert pad([np.zeros((0, 2))])[0].shape == (1, 1, 2)


def test_long_series_become_means_of_stretches() -> None:
    series = np.arange(10.0)[:, None]
    assert average_down(series, 5)[:, 0].tolist() == [0.5, 2.5, 4.5, 6.5, 8.5]
    assert average_down(series, 4)[:, 0].tolist() == [0.5, 3.0, 5.5, 8.0]  # 0-1, 2-4, 5-6, 7-9
    assert average_down(series, 10)[:, 0].tolist() == series[:, 0].tolist()
    assert average_down(series, 99).shape == (10, 1)


@given(st.integers(0, 300), st.integers(-2, 300))
def test_indices_are_spread_evenly(total: int, count: int) -> None:
    found = evenly(total, count)
    assert len(found) == (total if count <= 0 else min(total, count))
    assert (np.diff(found) >= 1).all()
    if len(found) > 1:
        assert (found[0], found[-1]) == (0, total - 1)
        steps = np.diff(found)
        assert steps.max() - steps.min() <= 1


@pytest.mark.parametrize(
    ("labels", "names"),
    [
        (["b", "a", "b"], ("a", "b")),
        (["10", "2", "1"], ("1", "2", "10")),
        ([3, -1, 3], ("-1", "3")),
        ([True, False], ("False", "True")),
        (["x", "2", "10"], ("x", "2", "10")),
    ],
)
def test_labels_are_classes_in_sorted_order(labels: list[object], names: tuple[str, ...]) -> None:
    codes, found = encode(labels)
    assert found == names
    assert [found[code] for code in codes] == [str(label) for label in labels]
