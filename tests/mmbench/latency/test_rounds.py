from __future__ import annotations

import time
from collections import Counter

import numpy as np
import pytest
import torch

from mmbench.latency.rounds import Pace, Timed, noise_floor, reference_call, time_in_rounds

PACE = Pace(rounds=6, calls=4, seconds=0.0)


def test_every_subject_has_its_turns_and_the_first_call_of_a_turn_is_not_counted() -> None:
    seen: list[str] = []
    found = time_in_rounds({name: lambda name=name: seen.append(name) for name in "abc"}, PACE)
    assert {name: len(timed.milliseconds) for name, timed in found.items()} == dict.fromkeys(
        "abc", 24
    )
    turns = [seen[start : start + 5] for start in range(0, len(seen), 5)]
    assert all(len(set(turn)) == 1 for turn in turns)
    rounds = ["".join(turn[0] for turn in turns[start : start + 3]) for start in range(0, 18, 3)]
    assert all(sorted(each) == list("abc") for each in rounds)
    assert len(set(rounds)) > 1


def test_the_order_is_that_of_the_seed() -> None:
    def order(seed: int) -> list[str]:
        seen: list[str] = []
        calls = {name: lambda name=name: seen.append(name) for name in "abcd"}
        time_in_rounds(calls, PACE, seed=seed)
        return seen

    assert order(1) == order(1) != order(2)


def test_what_raises_is_left_out_and_the_others_go_on() -> None:
    calls = Counter[str]()

    def breaks() -> None:
        calls["breaks"] += 1
        if calls["breaks"] > 7:
            raise RuntimeError("no more")

    found = time_in_rounds({"breaks": breaks, "goes": lambda: calls.update(["goes"])}, PACE)
    assert str(found["breaks"].error) == "no more"
    assert found["breaks"].milliseconds == []
    assert (calls["breaks"], len(found["goes"].milliseconds)) == (8, 24)


def test_the_noise_floor_is_far_below_a_model_that_takes_twice_as_long() -> None:
    x = torch.randn(200, 200)

    def once() -> object:
        return x @ x

    def twice() -> object:
        return x @ x @ x

    found = time_in_rounds({"a": once, "a:again": lambda: x @ x, "slow": twice}, Pace(rounds=10))
    floor, slow = noise_floor(found["a"], found["a:again"]), noise_floor(found["a"], found["slow"])
    assert floor is not None
    assert slow is not None
    assert floor < 0.2 < 0.5 < slow


def test_the_noise_floor_is_a_relative_difference_of_medians() -> None:
    assert noise_floor(Timed([1.0, 2.0, 9.0]), Timed([2.2])) == pytest.approx(0.1)
    assert noise_floor(Timed([2.0]), Timed([1.8])) == pytest.approx(0.1)
    assert noise_floor(Timed([2.0]), Timed([])) is None


def test_a_machine_that_slows_down_meets_all_alike() -> None:
    """Each call takes longer than the one before it, whoever's it is."""
    calls = iter(range(10**6))

    def slower() -> None:
        until = time.perf_counter() + 2e-6 * next(calls)
        while time.perf_counter() < until:
            pass

    pace = Pace(rounds=20, calls=4, seconds=0.0)
    found = time_in_rounds({"a": slower, "b": slower}, pace)
    a, b = (np.median(found[name].milliseconds) for name in "ab")
    assert abs(a / b - 1) < 0.25  # one after the other would be 1 : 3


def test_the_reference_is_a_program_of_its_own() -> None:
    call = reference_call(3, "cpu")
    result = call()
    assert isinstance(result, torch.Tensor)
    assert result.shape == (3, 64)
