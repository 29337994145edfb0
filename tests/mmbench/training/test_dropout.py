"""Dropout that belongs to a training."""

from __future__ import annotations

import copy

import pytest
import torch
from torch import nn
from torch.func import vmap

from mmbench.errors import MmbenchError
from mmbench.training import dropout
from mmbench.training.dropout import Draws, SeededDropout, dropout_rates, own_dropout


def dropped(rate, seed, x):
    return SeededDropout([rate], Draws([seed]))(x)


@pytest.mark.parametrize("rate", [0.0, 0.1, 0.5, 0.9, 1.0])
def test_values_are_dropped_at_the_rate_and_the_rest_is_scaled(rate):
    found = dropped(rate, 0, torch.ones(100_001))
    assert (found == 0).float().mean().item() == pytest.approx(rate, abs=0.005)
    kept = found[found != 0]
    assert torch.allclose(kept, torch.full_like(kept, 1 / (1 - rate) if rate < 1 else 0.0))


def test_neighbours_are_dropped_independently():
    gone = (dropped(0.5, 1, torch.ones(2**18)) == 0).double()
    for lag in (1, 2, 3, 4, 8):  # four draws share a random number
        together = (gone[lag:] * gone[:-lag]).mean().item()
        assert together == pytest.approx(0.25, abs=0.005), lag


def test_the_seed_decides_and_the_global_generator_is_left_alone():
    x, before = torch.ones(50), torch.get_rng_state()
    assert torch.equal(dropped(0.5, 3, x), dropped(0.5, 3, x))
    assert not torch.equal(dropped(0.5, 3, x), dropped(0.5, 4, x))
    assert torch.equal(torch.get_rng_state(), before)


def test_the_gradient_flows_through_what_is_kept():
    x = torch.ones(20, requires_grad=True)
    found = dropped(0.5, 0, x)
    found.sum().backward()
    assert torch.equal(x.grad, found.detach())


def test_evaluation_changes_nothing_and_draws_nothing():
    layer, x = SeededDropout([0.5], Draws([0])), torch.ones(20)
    assert layer.eval()(x) is x
    assert torch.equal(layer.train()(x), dropped(0.5, 0, x))


def lanes_of(layer, x):
    def run(lane, own):
        layer.draws.lane = lane
        return layer(own)

    try:
        return vmap(run)(torch.arange(len(x)), x)
    finally:
        layer.draws.lane = None


@pytest.mark.parametrize("words", [1, 10_000])
def test_a_lane_draws_what_it_draws_alone(words, monkeypatch):
    monkeypatch.setattr(dropout, "WORDS", words)  # drawn anew after a lane has stopped, or before
    draws = Draws([5, 6, 7])
    layer, x = SeededDropout([0.2, 0.0, 0.7], draws), torch.rand(3, 4, 6)
    expected = [dropped(r, s, v) for r, s, v in zip(layer.rates, (5, 6, 7), x, strict=True)]
    assert torch.equal(lanes_of(layer, x), torch.stack(expected))
    draws.keep([0, 2])
    found = lanes_of(layer, x[[0, 2]])
    alone = SeededDropout([0.7], Draws([7]))
    alone(x[2])
    assert torch.equal(found[1], alone(x[2])), "the second draw, although another lane has stopped"


def test_what_lanes_share_is_dropped_in_each_by_itself():
    layer, x = SeededDropout([0.5, 0.5], Draws([1, 2])), torch.rand(100)

    def run(lane):
        layer.draws.lane = lane
        return layer(x)

    found = vmap(run)(torch.arange(2))
    assert torch.equal(found, torch.stack([dropped(0.5, seed, x) for seed in (1, 2)]))


def test_draws_do_not_depend_on_how_many_are_drawn_at_a_time(monkeypatch):
    def draw(words):
        monkeypatch.setattr(dropout, "WORDS", words)
        draws = Draws([0, 1])
        return torch.cat([draws.take(count, torch.device("cpu")) for count in (3, 50, 8, 1)], dim=1)

    assert torch.equal(draw(1), draw(10_000))


def test_dropout_is_replaced_for_a_while():
    shared = nn.Dropout(0.3)
    model = nn.Sequential(nn.Linear(2, 2), shared, nn.Sequential(nn.Dropout(0.6)), shared)
    assert dropout_rates(model) == [0.3, 0.3, 0.6] or dropout_rates(model) == [0.3, 0.6]
    rates = [[rate] for rate in dropout_rates(model)]
    with own_dropout(model, rates, Draws([0])):
        found = [m for m in model.modules() if isinstance(m, SeededDropout)]
        assert sorted(layer.p for layer in found) == [0.3, 0.6]
        assert model[1] is model[3]
        model.eval()
        other = copy.deepcopy(model)
        assert other[1].draws is model[1].draws
    assert model[1] is shared
    assert not shared.training
    assert isinstance(model[2][0], nn.Dropout)


def test_lanes_of_different_rates_have_no_common_one():
    with pytest.raises(MmbenchError, match="one dropout"):
        _ = SeededDropout([0.1, 0.2], Draws([0, 1])).p
