from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import torch

from mmbench.latency import peak_bytes

X = torch.zeros(1000)
BYTES = X.untyped_storage().nbytes()


def chain() -> torch.Tensor:
    y = X + 1
    z = y * 2
    del y
    return z - 1


def views() -> torch.Tensor:
    y = X + 1
    view = y.view(10, 100)[2:].t()
    del y
    z = X * 2
    del z
    return view + 1


def inplace() -> torch.Tensor:
    y = X + 1
    return y.mul_(2).relu_()


def kept() -> list[torch.Tensor]:
    return [X + index for index in range(5)]


def reused() -> None:
    for _ in range(10):
        X.clone()


@pytest.mark.parametrize(
    ("call", "expected"),
    [
        (lambda: None, 0),
        (lambda: X.view(10, 100).t(), 0),
        (chain, 2 * BYTES),
        (views, 2 * BYTES),
        (inplace, BYTES),
        (kept, 5 * BYTES),
        (reused, BYTES),
    ],
)
def test_peak_bytes_of_known_programs(call: Callable[[], object], expected: int) -> None:
    assert peak_bytes(call) == expected
    assert peak_bytes(call) == expected


def test_peak_bytes_of_a_perceptron_is_its_two_widest_layers() -> None:
    model = torch.nn.Sequential(
        torch.nn.Linear(8, 64), torch.nn.ReLU(), torch.nn.Linear(64, 32), torch.nn.Linear(32, 4)
    )
    batch = torch.zeros(16, 8)
    assert peak_bytes(lambda: model(batch)) == 16 * (64 + 64) * 4


def test_peak_bytes_grow_with_the_batch() -> None:
    model = torch.nn.TransformerEncoderLayer(16, 2, 32, batch_first=True).eval()
    sizes = [peak_bytes(lambda n=n: model(torch.zeros(n, 4, 16))) for n in (1, 2, 4, 8)]
    assert np.all(np.diff(sizes) > 0)


def test_peak_bytes_of_a_training_step_hold_what_its_backward_pass_needs() -> None:
    x = torch.randn(1000, requires_grad=True)

    def step() -> None:
        x.exp().exp().exp().sum().backward()  # type: ignore[no-untyped-call]

    # The three results are kept until their gradients are made; the loss and its gradient are numbers.
    assert peak_bytes(step, gradients=True) == 4 * x.nbytes + 2 * 4
    assert peak_bytes(lambda: x.exp().exp().exp()) == 2 * x.nbytes
