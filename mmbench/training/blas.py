"""Linear layers of many lanes by NumPy, whose BLAS can outrun torch's on small matrices."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
import torch
from threadpoolctl import threadpool_info
from torch import Tensor
from torch.autograd.function import FunctionCtx, once_differentiable

from mmbench.machine import amd_with_avx512
from mmbench.training.recording import outside_torch

__all__ = ["Linear", "fits", "quicker"]

WIDE = {"SkylakeX", "Cooperlake", "SapphireRapids"}
"""OpenBLAS's names for its code with AVX-512."""


@cache
def quicker() -> bool:
    """Whether NumPy multiplies small matrices faster than torch in this process.

    It does, 2.4 times (64 x 64, 2026, EPYC 9005), on AMD's processors with AVX-512: OpenBLAS uses it there,
    and MKL, which torch has, does not.
    """
    found = [library for library in threadpool_info() if library["user_api"] == "blas"]
    wide = all(  # NumPy's may be any of them
        blas["internal_api"] == "openblas"
        and blas["architecture"] in WIDE
        and blas["num_threads"] == 1
        for blas in found
    )
    return amd_with_avx512() and wide and bool(found)


def fits(rows: Tensor) -> bool:
    """Whether NumPy should have these."""
    plain = rows.device.type == "cpu" and rows.dtype in (torch.float32, torch.float64)
    alone = torch.get_num_threads() == 1 and not torch.is_autocast_enabled("cpu")
    return plain and alone and quicker()


class Linear(torch.autograd.Function):
    """Rows `(K, N, I)`, weights `(K, O, I)` and biases `(K, O)`, on a CPU, to `(K, N, O)`."""

    @staticmethod
    def forward(ctx: FunctionCtx, rows: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
        ctx.save_for_backward(rows, weight)
        weighed = _product(rows, weight.transpose(1, 2))
        return weighed if bias is None else weighed.add_(bias[:, None])

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, given: Tensor) -> tuple[Tensor | None, ...]:
        rows, weight = ctx.saved_tensors
        wanted = ctx.needs_input_grad
        given = given.contiguous()  # NumPy multiplies expanded ones without its BLAS
        return (
            _product(given, weight) if wanted[0] else None,
            _product(given.transpose(1, 2), rows) if wanted[1] else None,
            given.sum(1) if wanted[2] else None,
        )


def _product(left: Tensor, right: Tensor) -> Tensor:
    return outside_torch(_matmul, left.detach(), right.detach())


def _matmul(left: Tensor, right: Tensor) -> Tensor:
    return torch.from_numpy(np.matmul(left.numpy(), right.numpy()))
