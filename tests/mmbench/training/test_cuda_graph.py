"""CUDA graphs of programs. Without a GPU, a graph is played by the work that it would capture."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from mmbench.training import cuda_graph
from mmbench.training.cuda_graph import Graphed
from mmbench.training.recording import Recording, outside_torch

GPU = pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")
DEVICES = ["cpu", pytest.param("cuda", marks=GPU)]


class Work:
    """Two parts that draw, keep a sum in memory that was there before, and give tensors from one to the other."""

    def __init__(self, device):
        self.total, self.drawn, self.device = torch.zeros(4, device=device), 0, device

    def draw(self):
        self.drawn += 1
        return torch.full((3, 4), float(self.drawn), device=self.device)

    def __call__(self, given):
        x = given["x"] * 2 + outside_torch(self.draw)
        self.total.add_(x.sum(dim=0))
        sent = yield {"doubled": x, "squared": {"x": x.square()}}
        yield {"found": x * sent["share"] + outside_torch(self.draw), "total": self.total * 1}


@pytest.fixture
def graphs(monkeypatch):
    """What was captured. A graph on a CPU: to capture does nothing, to start does it, on what was captured."""
    found = []
    original = cuda_graph.captured

    def captured(work, pool):
        found.append(work)
        if torch.cuda.is_available():
            return original(work, pool)
        slots = work.args[0]
        read = {place: own for place, own in enumerate(slots) if isinstance(own, torch.Tensor)}

        def start():
            if work is found[0]:  # a later part reads what the fake has made anew
                assert all(slots[place] is own for place, own in read.items())
            work()

        return start, "pool"

    monkeypatch.setattr(cuda_graph, "captured", captured)
    return found


def given(seed, device):
    draw = torch.Generator().manual_seed(seed)
    values = torch.randn(3, 4, generator=draw), torch.randn(4, generator=draw)
    first, second = (value.to(device) for value in values)
    return {"x": first}, {"share": second}


def steps(work, device, seeds):
    """Everything that is yielded, copied before the next step writes over it."""
    found = []
    for seed in seeds:
        first, second = given(seed, device)
        running = work(first)
        one = next(running)
        kept = [one["doubled"].clone(), one["squared"]["x"].clone()]
        two = running.send(second)
        found.append([*kept, two["found"].clone(), two["total"].clone()])
    return found


def graphed(device):
    recording = Recording(Work(device), nn.Module())
    steps(recording, device, [0])
    return Graphed(recording.program())


@pytest.mark.parametrize("device", DEVICES)
def test_graphs_do_what_the_work_does(device, graphs):
    expected = steps(Work(device), device, range(5))
    found = steps(graphed(device), device, range(1, 5))
    torch.testing.assert_close(found, expected[1:])
    assert len(graphs) == 2, "one a part"


@pytest.mark.parametrize("part", [1, 2])
def test_what_cannot_be_captured_runs_as_it_is(part, monkeypatch):
    calls = []

    def captured(work, pool):
        calls.append(work)
        if len(calls) == part:
            raise RuntimeError("operation not permitted when stream is capturing")
        return work, pool

    monkeypatch.setattr(cuda_graph, "captured", captured)
    found = steps(graphed("cpu"), "cpu", range(1, 5))
    torch.testing.assert_close(found, steps(Work("cpu"), "cpu", range(5))[1:])
    assert len(calls) == part


def test_what_is_outside_of_torch_and_reads_a_result_is_not_captured(graphs):
    def work(given):
        yield {"found": outside_torch(torch.neg, given["x"] * 2)}

    recording = Recording(work, nn.Module())
    next(recording(given(0, "cpu")[0]))
    [found] = Graphed(recording.program())(given(1, "cpu")[0])
    torch.testing.assert_close(found["found"], given(1, "cpu")[0]["x"] * -2)
    assert not graphs


def test_too_little_memory_is_for_others_to_see_to(monkeypatch):
    def captured(work, pool):
        raise torch.OutOfMemoryError

    monkeypatch.setattr(cuda_graph, "captured", captured)
    with pytest.raises(torch.OutOfMemoryError):
        steps(graphed("cpu"), "cpu", [1])
