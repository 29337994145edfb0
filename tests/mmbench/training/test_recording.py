"""What is repeated is what would have been done, and what cannot be is not."""

from __future__ import annotations

import random
import weakref

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn
from torch.func import vmap

from mmbench.training import blas
from mmbench.training.recording import Recording, outside_torch

OUTSIDE = torch.arange(12.0).view(3, 4)


def linear_and_back(given):
    """A loss of each lane under `vmap`, and the gradients of what is sent for them."""
    weights = given["weights"].requires_grad_()
    loss = vmap(lambda weight, x: torch.tanh(weight @ x).square().sum())(weights, given["x"])
    sent = yield {"loss": loss}
    [found] = torch.autograd.grad(loss, [weights], sent["share"])
    yield {"nested": {"gradient": found}}


def views(given):
    first, second = given["x"].t().split(2)
    yield {"found": torch.cat([first.contiguous().view(-1), second.flatten()]) + given["x"].sum()}


def in_place(given):
    found = given["x"].clone()
    found[0] = 5.0
    found.t().mul_(2)
    yield {"found": found, "part": found[1]}


def several_results(given):
    values, places = given["x"].max(dim=0)
    normal, mean, _ = torch.native_layer_norm(given["x"], (4,), None, None, 1e-5)
    yield {"values": values, "places": places, "normal": normal, "mean": mean}


def by_number(given):
    yield {"found": given["x"][[2, 0]], "gathered": given["x"][:, torch.tensor([1, 1])]}


def numbers_that_change(given):
    found = torch.tensor([1.0, 2.0, 3.0, 4.0])
    found += given["x"][0]
    yield {"found": found}


def from_before(given):
    yield {"found": given["x"] * OUTSIDE, "part": OUTSIDE[1:].sum() + given["x"][0, 0]}


def nothing_new(given):
    yield {"same": given["x"].detach().view(3, 4), "old": OUTSIDE}


def masked(given):
    """As a model pools one token, where every sample has the modality."""
    mask = torch.ones(3, dtype=torch.bool)
    scaled = given["x"] * mask.unsqueeze(-1).to(given["x"].dtype)
    turned = given["x"].t() * torch.ones(4, 1)
    none = given["x"] * torch.zeros(3, 1)
    shrunk = torch.ones(3, 1)
    shrunk[1] = given["x"][0, 0]
    wider = given["x"][0] * torch.ones(2, 4)
    yield {
        "scaled": scaled,
        "turned": turned,
        "none": none,
        "some": given["x"] * shrunk,
        "w": wider,
    }


WORKS = [
    views,
    in_place,
    several_results,
    by_number,
    numbers_that_change,
    from_before,
    nothing_new,
    masked,
]


def run(work, *sent):
    running = work(sent[0])
    return [next(running), *(running.send(more) for more in sent[1:])]


def recorded(work, *sent, model=None):
    recording = Recording(work, nn.Module() if model is None else model)
    return run(recording, *sent), recording.program()


def x(seed):
    return {"x": torch.randn(3, 4, generator=torch.Generator().manual_seed(seed))}


def require_equal(found, expected):
    assert len(found) == len(expected)
    for mine, other in zip(found, expected, strict=True):
        torch.testing.assert_close(mine, other, rtol=0, atol=0)


@pytest.mark.parametrize("work", WORKS, ids=lambda work: work.__name__)
def test_what_is_repeated_is_what_the_work_does(work):
    first, program = recorded(work, x(0))
    require_equal(first, run(work, x(0)))
    for seed in (1, 2, 3):
        require_equal(run(program, x(seed)), run(work, x(seed)))


@given(seed=st.integers(0, 2**31), size=st.integers(1, 5))
@settings(max_examples=20)
def test_gradients_are_repeated(seed, size):
    def batch(more):
        draw = torch.Generator().manual_seed(seed + more)
        of_lanes = {"weights": (2, size, 3), "x": (2, 3)}
        given = {name: torch.randn(shape, generator=draw) for name, shape in of_lanes.items()}
        return given, {"share": torch.rand(2, generator=draw)}

    _, program = recorded(linear_and_back, *batch(0))
    loss, gradient = run(program, *batch(1))
    expected_loss, expected = run(linear_and_back, *batch(1))
    require_equal([gradient], [expected])
    torch.testing.assert_close(loss["loss"], expected_loss["loss"].detach(), rtol=0, atol=0)
    assert not loss["loss"].requires_grad


def test_what_was_there_before_is_read_anew_and_changed():
    total = torch.zeros(3)

    def work(given):
        total.add_(given["x"][:, 0])
        yield {"total": total * 2}

    _, program = recorded(work, x(0))
    before = total.clone()
    total.add_(1)
    [found] = run(program, x(1))
    torch.testing.assert_close(total, before + 1 + x(1)["x"][:, 0])
    torch.testing.assert_close(found["total"], total * 2)


def test_what_is_outside_of_torch_is_called_each_time_also_if_nothing_reads_it():
    calls = []

    def draw():
        calls.append(len(calls))
        return torch.full((4,), float(len(calls)))

    def doubled(values):
        return torch.from_numpy(values.numpy() * 2)

    def work(given):
        outside_torch(draw)
        yield {"found": outside_torch(doubled, given["x"]) + outside_torch(draw)}

    _, program = recorded(work, x(0))
    [found] = run(program, x(1))
    torch.testing.assert_close(found["found"], x(1)["x"] * 2 + 4)
    assert len(calls) == 4


def test_what_nothing_reads_is_left_out():
    def work(given):
        given["x"].exp().log()
        yield {"found": given["x"] + 1}

    _, program = recorded(work, x(0))
    with torch.profiler.profile() as profile:
        run(program, x(1))
    names = {event.key for event in profile.key_averages()}
    assert "aten::add" in names
    assert "aten::exp" not in names


def test_ones_that_were_written_to_are_factors_like_others():
    def work(given):
        mask = torch.ones(3, 1)
        mask[1] = given["kept"]
        yield {"found": given["x"] * mask}

    _, program = recorded(work, x(0) | {"kept": torch.tensor(1.0)})
    given = x(1) | {"kept": torch.tensor(0.0)}
    require_equal(run(program, given), run(work, given))


def test_a_product_with_ones_is_what_is_multiplied():
    def work(given):
        yield {"found": given["x"] * torch.ones(3, 1)}

    _, program = recorded(work, x(0))
    given = x(1)
    [found] = run(program, given)
    assert found["found"].data_ptr() == given["x"].data_ptr()


@pytest.mark.parametrize("fits", [True, False])
def test_numpy_multiplies_what_it_is_quicker_at(fits, monkeypatch):
    monkeypatch.setattr(blas, "fits", lambda product: fits)

    def work(given):
        x = given["x"].expand(2, 3, 4)
        every_row_the_same = x[:, :1].expand(2, 3, 4)
        yield {"usual": x @ x.mT, "spread": torch.bmm(every_row_the_same, x.mT)}

    _, program = recorded(work, x(0))
    with torch.profiler.profile() as profile:
        [found] = run(program, x(1))
    [expected] = run(work, x(1))
    for name, product in expected.items():
        torch.testing.assert_close(found[name], product)
    [products] = [event for event in profile.key_averages() if event.key == "aten::bmm"]
    assert products.count == (1 if fits else 2)


def test_neither_recording_nor_repeating_keeps_what_is_no_longer_read():
    seen = []

    def look(values):
        seen.append(weakref.ref(values.untyped_storage()))
        return values + 1

    def work(given):
        found = outside_torch(look, given["x"] * 2)
        yield {"found": found * 2}
        assert seen[-1]() is None
        yield {}

    recording = Recording(work, nn.Module())
    run(recording, x(0), {})
    running = recording.program()(x(1))
    next(running)
    assert seen[-1]() is None


class Counting(nn.Module):
    def __init__(self):
        super().__init__()
        self.state = {"calls": [0]}

    def work(self, given):
        self.state["calls"][0] += 1
        yield {"found": given["x"] * self.state["calls"][0]}


def draws_by_python(given):
    yield {"found": given["x"] * random.random()}


def draws_by_numpy(given):
    yield {"found": given["x"] * np.random.rand()}


def draws_by_torch(given):
    yield {"found": torch.rand(3)}


def shows_a_value(given):
    yield {"found": given["x"] * given["x"].sum().item()}


def branches(given):
    yield {"found": given["x"] * (2 if given["x"].sum() > 0 else 3)}


def picks_by_a_mask(given):
    yield {"found": given["x"][given["x"] > 0]}


def changes_a_shape(given):
    yield {"found": given["x"].clone().unsqueeze_(0)}


def changes_what_ones_multiplied(given):
    found = given["x"] * torch.ones(3, 1)
    found += 1
    yield {"found": found}


def names_a_tensor(given):
    yield {"found": torch.mul(given["x"], 2, out=torch.empty(3, 4))}


@pytest.mark.parametrize(
    "work",
    [
        Counting().work,
        draws_by_python,
        draws_by_numpy,
        draws_by_torch,
        shows_a_value,
        branches,
        picks_by_a_mask,
        changes_a_shape,
        changes_what_ones_multiplied,
        names_a_tensor,
    ],
    ids=lambda work: work.__name__,
)
def test_what_may_be_different_another_time_is_not_repeated(work):
    model = getattr(work, "__self__", None)
    found, program = recorded(work, x(0), model=model)
    assert "found" in found[0]
    assert program is None


def test_one_tensor_in_two_places_is_not_repeated():
    def work(given):
        yield {"found": given["a"] * given["b"]}

    one = x(0)["x"]
    _, program = recorded(work, {"a": one, "b": one})
    assert program is None


def test_a_work_that_fails_ends_the_recording():
    def work(given):
        raise ValueError("as it fails unrecorded")
        yield

    with pytest.raises(ValueError, match="unrecorded"):
        recorded(work, x(0))
    require_equal([{"found": outside_torch(torch.neg, OUTSIDE)}], [{"found": -OUTSIDE}])
