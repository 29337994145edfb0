from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import torch

from mmbench_encoders.pretrained import store as module
from mmbench_encoders.pretrained.store import FeatureStore, content_keys

VALUES = np.array([3.0, 1.0, 3.0, 2.0])


class Counting:
    """Rows of as many tokens as the value says, each of them the value."""

    def __init__(self, values=VALUES):
        self.values, self.asked = values, []

    def __call__(self, places):
        self.asked += [float(self.values[place]) for place in places]
        return [torch.full((int(self.values[place]), 2), self.values[place]) for place in places]


def keys(values=VALUES):
    return content_keys(values[:, None])


def check(rows, values=VALUES):
    assert [row.tolist() for row in rows] == [[[v, v]] * int(v) for v in values]


def test_each_content_is_computed_once_and_never_again(tmp_path):
    first, second, third = Counting(), Counting(), Counting(np.array([2.0, 4.0]))
    check(FeatureStore(tmp_path).rows(keys(), first))
    check(FeatureStore(tmp_path).rows(keys(), second))
    check(FeatureStore(tmp_path).rows(keys(third.values), third), third.values)
    assert sorted(first.asked) == [1.0, 2.0, 3.0]
    assert second.asked == []
    assert third.asked == [4.0]


def test_what_a_store_that_is_open_lacks_another_may_have_written(tmp_path):
    one, other, counting = FeatureStore(tmp_path), FeatureStore(tmp_path), Counting()
    one.rows(keys()[:2], Counting())
    other.rows(keys(), Counting())
    check(one.rows(keys(), counting))
    assert counting.asked == []


def test_of_several_that_want_the_same_at_once_one_computes(tmp_path):
    counting = Counting()
    with ThreadPoolExecutor(4) as pool:
        for rows in pool.map(lambda _: FeatureStore(tmp_path).rows(keys(), counting), range(8)):
            check(rows)
    assert sorted(counting.asked) == [1.0, 2.0, 3.0]


def test_an_interruption_costs_one_part(tmp_path, monkeypatch):
    monkeypatch.setattr(module, "_PART", 1)
    counting = Counting()

    def interrupted(places):
        if len(counting.asked) == 2:
            raise KeyboardInterrupt
        return counting(places)

    with pytest.raises(KeyboardInterrupt):
        FeatureStore(tmp_path).rows(keys(), interrupted)
    again = Counting()
    check(FeatureStore(tmp_path).rows(keys(), again))
    assert sorted(counting.asked + again.asked) == [1.0, 2.0, 3.0]
    assert not list(tmp_path.glob("*.draft"))


def test_a_row_may_be_empty(tmp_path):
    values = np.array([0.0, 1.0])
    check(FeatureStore(tmp_path).rows(keys(values), Counting(values)), values)


def test_keys_tell_contents_types_shapes_and_real_steps_apart():
    base = np.zeros((1, 4, 1), dtype=np.float32)
    mask = np.array([[True, True, False, False]])
    noisy = base.copy()
    noisy[0, 3] = 7
    assert content_keys(base, mask) == content_keys(noisy, mask)
    different = [
        *content_keys(base),
        *content_keys(noisy),
        *content_keys(base, mask),
        *content_keys(base.astype(np.int32)),
        *content_keys(base.reshape(1, 2, 2)),
        *content_keys(np.array(["a", "b"])),
    ]
    assert len(set(different)) == 7
    assert content_keys(np.array(["a"])) == content_keys(np.array(["a"], dtype=object))
