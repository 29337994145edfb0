"""The data of several lanes as one."""

from __future__ import annotations

import pytest
import torch

from mmbench.data.part import Part
from mmbench.training.pool import Pool, packed, unpacked


def part(seed, weights=False):
    draw = torch.Generator().manual_seed(seed)
    return Part(
        {"a": torch.rand(7, 3, generator=draw), "b": torch.rand(7, 5, 2, generator=draw)},
        {"b": torch.rand(7, 5, generator=draw) > 0.5},
        {"a": torch.rand(7, generator=draw) > 0.5},
        torch.randint(0, 4, (7,), generator=draw),
        torch.rand(7, generator=draw) if weights else None,
    )


def lane(given, place):
    """What a lane is given."""
    return packed(
        unpacked(
            {
                kind: values[place]
                if kind == "targets"
                else {name: tensor[place] for name, tensor in values.items()}
                for kind, values in given.items()
            }
        )
    )


@pytest.mark.parametrize("weights", [False, True])
def test_each_lane_takes_its_own_samples(weights):
    parts = [part(seed, weights) for seed in range(3)]
    pool = Pool(parts)
    index = torch.tensor([[0, 6, 6], [1, 2, 3], [5, 5, 0]])
    for places in ([0, 1, 2], [0, 2]):
        if len(places) < 3:
            pool.keep(places)
        found = pool.take(index[places])
        for row, place in enumerate(places):
            expected = packed(parts[place].take(index[place]))
            torch.testing.assert_close(lane(found, row), expected, rtol=0, atol=0)


def test_consecutive_samples_are_those_of_each_lane():
    parts = [part(seed) for seed in range(2)]
    found = Pool(parts).between(2, 5)
    for place, own in enumerate(parts):
        expected = packed(own.take(torch.arange(2, 5)))
        torch.testing.assert_close(lane(found, place), expected, rtol=0, atol=0)
