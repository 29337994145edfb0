from __future__ import annotations

import pytest
import torch

from mmbench.data.part import Part


@pytest.fixture
def part():
    return Part(
        {"a": torch.arange(10.0).reshape(5, 2), "b": torch.arange(5).reshape(5, 1)},
        {"a": torch.arange(10).reshape(5, 2) > 3},
        {"b": torch.arange(5) > 2},
        torch.arange(5) * 10,
    )


def test_samples_are_taken_in_the_order_asked(part):
    taken = part.take(torch.tensor([3, 0]))
    assert len(part) == 5
    assert len(taken) == 2
    assert taken.inputs["a"].tolist() == [[6, 7], [0, 1]]
    assert taken.inputs["b"].tolist() == [[3], [0]]
    assert taken.masks["a"].tolist() == [[True, True], [False, False]]
    assert taken.present["b"].tolist() == [True, False]
    assert taken.targets.tolist() == [30, 0]


@pytest.mark.parametrize("size", [2, 7])
def test_samples_are_repeated_where_there_are_fewer(part, size):
    count = len(part)
    repeated = part.repeated(size)
    assert len(repeated) == size
    for name, values in part.inputs.items():
        assert all(repeated.inputs[name][i].equal(values[i % count]) for i in range(size))


def test_what_is_taken_is_a_copy(part):
    taken = part.take(torch.arange(5))
    for values in (*taken.inputs.values(), *taken.masks.values(), taken.targets):
        values.zero_()
    assert part.inputs["a"].sum() == 45
    assert part.masks["a"].sum() == 6
    assert part.targets.sum() == 100


@pytest.mark.parametrize(
    ("size", "lengths"), [(2, [2, 2, 1]), (5, [5]), (9, [5]), (1, [1, 1, 1, 1, 1])]
)
def test_batches_hold_every_sample_once_in_order(part, size, lengths):
    batches = list(part.batches(size))
    assert [len(batch) for batch in batches] == lengths
    assert torch.cat([batch.targets for batch in batches]).tolist() == [0, 10, 20, 30, 40]
    assert torch.cat([batch.present["b"] for batch in batches]).tolist() == [False] * 3 + [True] * 2


def test_every_tensor_moves_to_the_device(part):
    moved = part.to("meta")
    tensors = [*moved.inputs.values(), *moved.masks.values(), *moved.present.values()]
    assert {tensor.device.type for tensor in (*tensors, moved.targets)} == {"meta"}
    assert moved.inputs["a"].shape == (5, 2)
