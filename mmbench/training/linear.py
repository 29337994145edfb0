"""Linear layers of many lanes, multiplied outside of torch."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import FunctionCtx, once_differentiable

from mmbench.training.blas import matmul
from mmbench.training.recording import outside_torch

__all__ = ["Linear"]


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
    return outside_torch(matmul, left.detach(), right.detach())
